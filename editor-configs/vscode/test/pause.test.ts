import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pause } from '../src/pause.ts';

test('a pause ends by itself after its minutes', () => {
  let now = 1_000;
  const pause = new Pause(() => now);

  pause.begin(60);
  const before = pause.isOn;
  now += 60 * 60_000;

  assert.deepEqual([before, pause.isOn], [true, false]);
  assert.equal(pause.words(), '');
});

test('a pause without end lasts until it is resumed', () => {
  const pause = new Pause(() => 0);

  pause.begin(Number.POSITIVE_INFINITY);
  const words = pause.words();
  pause.resume();

  assert.equal(words, 'until you resume them');
  assert.equal(pause.isOn, false);
});
