/** What infill-ls speaks beside the language server protocol; server/PROTOCOL.md describes it. */

export const STATUS = 'infill-ls/status';

export interface Status {
  health: 'ok' | 'warning' | 'error';
  /** Whether a host is being asked right now. */
  busy: boolean;
  /** One sentence for the user; empty while all is well. */
  message: string;
  /** The model that was asked last. */
  model?: string;
  /** Unix time, in seconds, until which the preferred back end is left alone. */
  until?: number | null;
}

export const CURSOR_RESTS = 'infill-ls/cursorRests';

export const CHAT_DELTA = 'infill-ls/chatDelta';

export interface ChatDelta {
  conversation: string;
  /** The number of the answer in the conversation, from 0. */
  message: number;
  text: string;
  /** That of the question. */
  workDoneToken: string;
}

/** Code that goes with a question, in lines and UTF-16 characters from 0. */
export interface ChatContext {
  uri: string;
  range?: { start: Place; end: Place };
}

export interface Place {
  line: number;
  character: number;
}

/** A question from before, and what was answered. */
export interface Said {
  text: string;
  answer: string;
}

/** What `infill-ls.chat.send` and `.retry` answer. */
export interface ChatReply {
  conversation: string;
  message: number;
  text: string;
  finish: 'end' | 'length' | 'stopped';
  /** Whether older turns, or pieces of the context, had no room. */
  cut: boolean;
}
