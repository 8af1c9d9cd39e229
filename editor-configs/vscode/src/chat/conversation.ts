/** What was said, as the view draws it; the server keeps its own copy for the model. */

import type { ChatContext, ChatReply, Said } from '../protocol.ts';

export type TurnState = 'writing' | 'done' | 'stopped' | 'failed';

export interface Turn {
  question: string;
  /** The code that went along, in words. */
  context: string[];
  answer: string;
  state: TurnState;
  /** One sentence on what is particular about the answer; empty where nothing is. */
  note: string;
}

/** A question as the server is asked it. */
export interface Asked {
  text: string;
  context: ChatContext[];
}

export class Conversation {
  /** The server's name for it; undefined until the first question has ended. */
  id: string | undefined;
  readonly turns: Turn[] = [];
  /** Whether the server has the last question, so that it can be asked again. */
  isKept = false;
  /** What was asked last. */
  asked: Asked | undefined;
  /** Stops the answer that is being written. */
  stopping = new AbortController();

  /** What was answered before the last question, for a server that does not know of it. */
  get said(): Said[] {
    return this.turns
      .slice(0, -1)
      .filter(({ answer }) => answer)
      .map(({ question, answer }) => ({ text: question, answer }));
  }

  get isWriting(): boolean {
    return this.turns.at(-1)?.state === 'writing';
  }

  ask(question: string, context: string[]): Turn {
    const turn: Turn = { question, context, answer: '', state: 'writing', note: '' };
    this.isKept = false;
    this.stopping = new AbortController();
    this.turns.push(turn);
    return turn;
  }

  /** Ask the last question again. */
  again(): void {
    this.stopping = new AbortController();
    Object.assign(this.last, { answer: '', state: 'writing', note: '' });
  }

  grow(text: string): void {
    this.last.answer += text;
  }

  end(reply: ChatReply): void {
    this.keep(reply.conversation);
    Object.assign(this.last, {
      answer: reply.text,
      state: reply.finish === 'stopped' ? 'stopped' : 'done',
      note: notesOf(reply),
    });
  }

  /** The question was taken back before it was asked. */
  stop(): void {
    this.last.state = 'stopped';
  }

  /** What there is of the answer stays; so does the question, where the server names where. */
  fail(reason: string, conversation?: string): void {
    if (conversation) {
      this.keep(conversation);
    }
    Object.assign(this.last, { state: 'failed', note: reason });
  }

  private keep(conversation: string): void {
    this.id = conversation;
    this.isKept = true;
  }

  private get last(): Turn {
    const turn = this.turns.at(-1);
    if (!turn) {
      throw new Error('nothing was asked yet');
    }
    return turn;
  }
}

/** Say what is particular about an answer; nothing where nothing is. */
export function notesOf({ finish, cut }: ChatReply): string {
  const notes = [
    finish === 'length' ? 'The answer is as long as chat.maxTokens allows.' : '',
    cut ? 'Not all of the code and of what was said before had room.' : '',
  ];
  return notes.filter(Boolean).join(' ');
}
