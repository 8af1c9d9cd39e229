/** What was said, as the view draws it; the server keeps its own copy for the model. */

import type { ChatReply } from '../protocol.ts';

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

export class Conversation {
  /** The server's name for it; undefined until the first piece of an answer. */
  id: string | undefined;
  readonly turns: Turn[] = [];

  get isWriting(): boolean {
    return this.turns.at(-1)?.state === 'writing';
  }

  ask(question: string, context: readonly string[]): void {
    this.turns.push({ question, context: [...context], answer: '', state: 'writing', note: '' });
  }

  /** Ask the last question again. */
  again(): void {
    Object.assign(this.last, { answer: '', state: 'writing', note: '' });
  }

  grow(conversation: string, text: string): void {
    this.id = conversation;
    this.last.answer += text;
  }

  end(reply: ChatReply): void {
    this.id = reply.conversation;
    const notes = [
      reply.finish === 'length' ? 'The answer is as long as chat.maxTokens allows.' : '',
      reply.cut ? 'Not all of the code and of what was said before had room.' : '',
    ];
    Object.assign(this.last, {
      answer: reply.text,
      state: reply.finish === 'stopped' ? 'stopped' : 'done',
      note: notes.filter(Boolean).join(' '),
    });
  }

  /** The answer ended before its time; what there is of it stays. */
  stop(): void {
    this.last.state = 'stopped';
  }

  fail(reason: string): void {
    Object.assign(this.last, { state: 'failed', note: reason });
  }

  /** The server has ended, and with it what it knew of this. */
  forgotten(): void {
    this.id = undefined;
    if (this.isWriting) {
      this.fail('The server has ended.');
    }
  }

  private get last(): Turn {
    const turn = this.turns.at(-1);
    if (!turn) {
      throw new Error('nothing was asked yet');
    }
    return turn;
  }
}
