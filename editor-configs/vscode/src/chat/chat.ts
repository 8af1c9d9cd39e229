/** Talks with the model: asks, asks again, stops; leaves a conversation, goes back, forgets it. */

import * as vscode from 'vscode';
import type { Attached } from './attached.ts';
import type { Asked, Conversation, Turn } from './conversation.ts';
import { Conversations } from './conversations.ts';
import { contextOf, nameOf, type Place } from './places.ts';
import { conversationOf, type Question, type Questions, reasonOf } from './questions.ts';

export class Chat implements vscode.Disposable {
  readonly conversations = new Conversations();
  private readonly questions: Questions;
  private readonly attached: Attached;
  /** The code that went with each question. */
  private readonly concerned = new WeakMap<Turn, Place[]>();
  private readonly changing = new vscode.EventEmitter<void>();
  private readonly growing = new vscode.EventEmitter<string>();
  /** Told that the conversation at hand is another, or not as it was. */
  readonly onDidChange = this.changing.event;
  /** Told each piece of an answer in it. */
  readonly onDidGrow = this.growing.event;

  constructor(questions: Questions, attached: Attached) {
    this.questions = questions;
    this.attached = attached;
  }

  get current(): Conversation {
    return this.conversations.current;
  }

  /** Ask, with the code that is attached. */
  async send(text: string): Promise<void> {
    const conversation = this.current;
    if (conversation.isWriting || !text.trim()) {
      return;
    }
    const places = this.attached.take();
    this.concerned.set(conversation.ask(text, places.map(nameOf)), places);
    const asked = { text, context: await Promise.all(places.map(contextOf)) };
    conversation.asked = asked;
    await this.answer(conversation, this.questionOf(conversation, asked));
  }

  /** Ask the last question again: the server, if it has it, else all that was asked. */
  async retry(): Promise<void> {
    const conversation = this.current;
    const { asked, isKept, isWriting } = conversation;
    if (!asked || isWriting) {
      return;
    }
    conversation.again();
    const known = this.questions.known(conversation.id);
    const question: Question =
      known && isKept
        ? { command: 'retry', conversation: known }
        : this.questionOf(conversation, asked);
    await this.answer(conversation, question);
  }

  /** Stop the answer; what was written stays. */
  stop(): void {
    this.current.stopping.abort();
  }

  /** Begin a new conversation; one can go back to the former. */
  begin(): void {
    this.conversations.go();
    this.attached.take();
    this.changing.fire();
  }

  go(conversation: Conversation): void {
    this.conversations.go(conversation);
    this.changing.fire();
  }

  /** Forget a conversation; one that is being answered, once that has stopped. */
  async forget(conversation: Conversation): Promise<void> {
    this.conversations.remove(conversation);
    this.changing.fire();
    const known = this.questions.known(conversation.id);
    if (conversation.isWriting) {
      conversation.stopping.abort();
    } else if (known) {
      await this.questions.clear(known);
    }
  }

  /** Return the conversation as Markdown, or undefined where the server knows none. */
  async markdown(): Promise<string | undefined> {
    const conversation = this.questions.known(this.current.id);
    if (!conversation) {
      return undefined;
    }
    return (await this.questions.run<{ markdown: string }>('export', { conversation })).markdown;
  }

  /** Return the code that an answer is about: what went with its question, or with one before. */
  placesOf(turn: number): Place[] {
    const turns = this.current.turns.slice(0, turn + 1);
    return (
      turns.map((each) => this.concerned.get(each) ?? []).findLast(({ length }) => length) ?? []
    );
  }

  dispose(): void {
    this.changing.dispose();
    this.growing.dispose();
  }

  /** Return the question as the server is asked it; one that is new is told what was said. */
  private questionOf({ id, said }: Conversation, asked: Asked): Question {
    const conversation = this.questions.known(id);
    return { command: 'send', ...asked, conversation, history: conversation ? [] : said };
  }

  /** Have a question answered, and keep what becomes of it. */
  private async answer(conversation: Conversation, question: Question): Promise<void> {
    const { signal } = conversation.stopping;
    const grow = (text: string) => {
      conversation.grow(text);
      if (conversation === this.current) {
        this.growing.fire(text);
      }
    };
    this.changing.fire();
    try {
      conversation.end(await this.questions.ask(question, grow, signal));
    } catch (error) {
      if (signal.aborted) {
        conversation.stop();
      } else {
        conversation.fail(reasonOf(error), conversationOf(error));
      }
    }
    if (!this.conversations.has(conversation)) {
      await this.forget(conversation);
    }
    this.changing.fire();
  }
}
