/** Questions to the server: each hears the pieces of its own answer, and can be stopped. */

import { randomUUID } from 'node:crypto';
import {
  CHAT_DELTA,
  type ChatContext,
  type ChatDelta,
  type ChatReply,
  type Said,
} from '../protocol.ts';

/** What of the language client is needed here. */
export interface Connection {
  sendRequest(method: string, params: object): Promise<unknown>;
  sendNotification(method: string, params: object): Promise<void>;
  onNotification(method: string, hear: (delta: ChatDelta) => void): unknown;
  onDidChangeState(hear: () => void): unknown;
}

/** A question, or the order to ask the last one again. */
export type Question =
  | {
      command: 'send';
      text: string;
      context: ChatContext[];
      conversation?: string | undefined;
      /** What was said to a server before, where this one knows no such conversation. */
      history?: Said[];
      /** After how many questions of the conversation; later ones are forgotten. */
      turns?: number;
    }
  | { command: 'retry'; conversation: string };

/** Is told each piece of an answer, in order. */
export type Grow = (piece: string) => void;

/** The code of vscode-jsonrpc for what was asked of a server that has ended. */
const REJECTED = -32097;

export class Questions {
  private readonly connection: () => Connection | undefined;
  /** Who hears the pieces of an answer, by the token of its question. */
  private readonly hearing = new Map<string, Grow>();
  /** The conversations of this server, by name. */
  private readonly conversations = new Set<string>();

  constructor(connection: () => Connection | undefined) {
    this.connection = connection;
  }

  /** Hear a server that is about to start. */
  listen(connection: Connection): void {
    connection.onNotification(CHAT_DELTA, ({ workDoneToken, text }) => {
      this.hearing.get(workDoneToken)?.(text);
    });
    // A server that starts knows nothing of what was said to the one before.
    connection.onDidChangeState(() => this.conversations.clear());
  }

  /** Return a conversation's name if the server that runs has it. */
  known(conversation: string | undefined): string | undefined {
    return conversation && this.conversations.has(conversation) ? conversation : undefined;
  }

  /** Ask, and return the whole answer, or what there is of one that the signal has stopped. */
  async ask({ command, ...argument }: Question, grow: Grow, signal: AbortSignal) {
    signal.throwIfAborted();
    const workDoneToken = randomUUID();
    const { connected } = this;
    const stop = () =>
      connected
        .sendNotification('window/workDoneProgress/cancel', { token: workDoneToken })
        .catch(() => {});
    signal.addEventListener('abort', stop);
    this.hearing.set(workDoneToken, grow);
    try {
      const reply = await this.run<ChatReply>(command, { ...argument, workDoneToken });
      this.conversations.add(reply.conversation);
      return reply;
    } catch (error) {
      const conversation = conversationOf(error);
      if (conversation) {
        this.conversations.add(conversation);
      }
      throw error;
    } finally {
      this.hearing.delete(workDoneToken);
      signal.removeEventListener('abort', stop);
    }
  }

  /** Have the server forget a conversation. */
  async clear(conversation: string): Promise<void> {
    this.conversations.delete(conversation);
    // It forgets it with its process, if not now.
    await this.run('clear', { conversation }).catch(() => {});
  }

  /** Run a command of the chat. */
  async run<Answer>(name: string, argument: object): Promise<Answer> {
    const params = { command: `infill-ls.chat.${name}`, arguments: [argument] };
    return (await this.connected.sendRequest('workspace/executeCommand', params)) as Answer;
  }

  private get connected(): Connection {
    const connection = this.connection();
    if (!connection) {
      throw new Error('The server does not run.');
    }
    return connection;
  }
}

/** Say why a question has failed, in one sentence. */
export function reasonOf(error: unknown): string {
  const { code, message } = error as { code?: number; message?: string };
  return code === REJECTED ? 'The server has ended.' : (message ?? String(error));
}

/** Return the conversation in which the server has kept a question that has failed, if it has. */
export function conversationOf(error: unknown): string | undefined {
  return (error as { data?: { conversation?: string } }).data?.conversation;
}
