/** The conversations of a window: the one at hand, and those that one can go back to. */

import { Conversation } from './conversation.ts';

export class Conversations {
  current = new Conversation();
  /** The others, the one that was left last first. */
  private others: Conversation[] = [];

  /** All in which something was said, the one at hand first. */
  get all(): Conversation[] {
    return [this.current, ...this.others].filter(({ turns }) => turns.length > 0);
  }

  has(conversation: Conversation): boolean {
    return conversation === this.current || this.others.includes(conversation);
  }

  /** Go to a conversation, or to a new one. */
  go(to: Conversation = new Conversation()): void {
    this.others = this.all.filter((each) => each !== to);
    this.current = to;
  }

  remove(conversation: Conversation): void {
    if (conversation === this.current) {
      this.go();
    }
    this.others = this.others.filter((each) => each !== conversation);
  }
}
