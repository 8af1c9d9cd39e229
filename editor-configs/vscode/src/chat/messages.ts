/** What the chat's page and the extension tell each other. */

import type { Turn } from './conversation.ts';

export interface Shown {
  turns: Turn[];
  /** The code that goes with the next question, in words. */
  attached: string[];
}

export type ToPage =
  | ({ type: 'show' } & Shown)
  /** One more piece of the last answer. */
  | { type: 'grow'; text: string }
  | { type: 'focus' };

export type FromPage =
  | { type: 'ready' | 'stop' | 'retry' | 'begin' | 'attach' }
  | { type: 'send'; text: string }
  | { type: 'copy' | 'insert'; text: string }
  /** Show code of the answer of a turn beside what it would replace. */
  | { type: 'compare'; turn: number; text: string }
  | { type: 'detach'; index: number };
