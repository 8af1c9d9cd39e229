import assert from 'node:assert/strict';
import { test } from 'node:test';
import { missedEnd } from '../src/accepted.ts';

const START = { line: 3, character: 4 };

test('signs of two units in the last line are where it ends elsewhere', () => {
  assert.deepEqual(missedEnd(START, "'😀'"), { line: 3, character: 8 });
  assert.deepEqual(missedEnd(START, "a\n  '👩‍🚀'"), { line: 4, character: 9 });
});

test('elsewhere the cursor is where it belongs', () => {
  for (const text of ['', 'a\n', "'漢é'", "'😀'\n  a"]) {
    assert.equal(missedEnd(START, text), undefined);
  }
});
