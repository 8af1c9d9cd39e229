import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ends } from '../src/accepted.ts';

const START = { line: 3, character: 4 };

test('signs of two units in the last line are where it ends elsewhere', () => {
  const both = (line: number, right: number, wrong: number) => ({
    right: { line, character: right },
    wrong: { line, character: wrong },
  });
  assert.deepEqual(ends(START, "'😀'"), both(3, 8, 7));
  assert.deepEqual(ends(START, "a\n  '👩‍🚀'"), both(4, 9, 6));
});

test('no end is between two surrogates', () => {
  assert.equal(ends(START, '😀')?.wrong.character, 4);
  assert.equal(ends(START, '😀😀')?.wrong.character, 6);
  assert.equal(ends(START, '😀😀😀')?.wrong.character, 6);
});

test('elsewhere the cursor is where it belongs', () => {
  for (const text of ['', 'a\n', "'漢é'", "'😀'\n  a"]) {
    assert.equal(ends(START, text), undefined);
  }
});
