/** A server as `Questions` sees it, which answers what it is asked when a test has it do so. */

import type { Connection } from '../src/chat/questions.ts';
import type { ChatDelta, ChatReply } from '../src/protocol.ts';

interface Request {
  command: string;
  argument: Record<string, unknown>;
  answer: (reply: ChatReply) => void;
  fail: (error: object) => void;
}

export class Server implements Connection {
  readonly requests: Request[] = [];
  readonly notifications: object[] = [];
  /** Send a piece of an answer. */
  tell: (delta: ChatDelta) => void = () => {};
  /** End, and be started anew. */
  restart: () => void = () => {};

  sendRequest(_: string, params: object): Promise<unknown> {
    const { command, arguments: given } = params as { command: string; arguments: [object] };
    return new Promise((answer, fail) => {
      this.requests.push({ command, argument: { ...given[0] }, answer, fail });
    });
  }

  async sendNotification(method: string, params: object): Promise<void> {
    this.notifications.push({ method, ...params });
  }

  onNotification(_: string, hear: (delta: ChatDelta) => void): void {
    this.tell = hear;
  }

  onDidChangeState(hear: () => void): void {
    this.restart = hear;
  }
}

/** Return what the server answers in a conversation. */
export function reply(conversation: string, text: string): ChatReply {
  return { conversation, message: 0, text, finish: 'end', cut: false };
}

/** Let what has been resolved go on. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
