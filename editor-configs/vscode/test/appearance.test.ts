import assert from 'node:assert/strict';
import { test } from 'node:test';
import { appearance, type State, WELL } from '../src/appearance.ts';
import type { Status } from '../src/protocol.ts';

function running(status: Partial<Status>): State {
  return { kind: 'running', status: { ...WELL, ...status } };
}

test('a server that is well shows a check, and one at work turns', () => {
  assert.match(appearance(running({}), '').text, /^\$\(check\)/);
  assert.match(appearance(running({ busy: true }), '').text, /^\$\(loading~spin\)/);
});

test('the model that is asked is named, once it was', () => {
  assert.equal(appearance(running({}), '').tooltip, 'infill-ls is ready');
  assert.equal(appearance(running({ model: 'm' }), '').tooltip, 'infill-ls is ready, with m');
  assert.equal(appearance(running({ model: 'm', busy: true }), '').tooltip, 'm is writing');
});

test('what is wrong is told in the words of the server, in the colour of its health', () => {
  for (const health of ['warning', 'error'] as const) {
    const shown = appearance(running({ health, message: 'no such host' }), '');

    assert.equal(shown.tooltip, 'no such host');
    assert.equal(shown.severity, health);
  }
});

test('a host that rests is told with the time at which it is asked again', () => {
  const shown = appearance(running({ health: 'warning', message: 'loading', until: 86_400 }), '');

  assert.match(shown.tooltip, /^loading \(until .*\d.*\)$/);
});

test('a pause is shown while all is well, and does not hide what is wrong', () => {
  const wrong = running({ health: 'error', message: 'refused' });

  assert.equal(appearance(running({}), 'until noon').tooltip, 'Suggestions are paused until noon');
  assert.equal(appearance(wrong, 'until noon').tooltip, 'refused');
});

test('a server that is not there or has ended is an error', () => {
  assert.equal(appearance({ kind: 'missing' }, '').severity, 'error');
  assert.equal(appearance({ kind: 'stopped' }, '').severity, 'error');
  assert.equal(appearance({ kind: 'starting' }, '').severity, 'none');
});
