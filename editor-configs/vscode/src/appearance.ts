/** How the server is, in words for the status bar. */

import type { Status } from './protocol.ts';

export type State =
  | { kind: 'starting' }
  | { kind: 'missing' }
  | { kind: 'stopped' }
  | { kind: 'running'; status: Status };

export interface Appearance {
  text: string;
  /** One sentence. */
  tooltip: string;
  severity: 'none' | 'warning' | 'error';
}

export const WELL: Status = { health: 'ok', busy: false, message: '' };

/** Return what to show; `pausedUntil` is in words, or empty where nothing is paused. */
export function appearance(state: State, pausedUntil: string): Appearance {
  switch (state.kind) {
    case 'starting':
      return shown('$(loading~spin)', 'infill-ls is starting');
    case 'missing':
      return shown('$(error)', 'infill-ls is not installed', 'error');
    case 'stopped':
      return shown('$(error)', 'infill-ls has stopped', 'error');
    case 'running':
      return running(state.status, pausedUntil);
  }
}

function running(status: Status, pausedUntil: string): Appearance {
  if (pausedUntil && status.health === 'ok') {
    return shown('$(debug-pause)', `Suggestions are paused ${pausedUntil}`);
  }
  const rest = status.until ? ` (until ${new Date(status.until * 1000).toLocaleTimeString()})` : '';
  switch (status.health) {
    case 'error':
      return shown('$(error)', status.message + rest, 'error');
    case 'warning':
      return shown('$(warning)', status.message + rest, 'warning');
    case 'ok':
      return status.busy
        ? shown('$(loading~spin)', `${status.model ?? 'The model'} is writing`)
        : shown('$(check)', `infill-ls is ready${status.model ? `, with ${status.model}` : ''}`);
  }
}

function shown(icon: string, tooltip: string, severity: Appearance['severity'] = 'none') {
  return { text: `${icon} infill-ls`, tooltip, severity };
}
