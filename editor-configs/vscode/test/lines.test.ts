import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Edit, label, moved } from '../src/chat/lines.ts';

const LINES = { start: 4, end: 6 };

/** An edit from the beginning of one line to that of another. */
function edit(start: number, end: number, text: string): Edit {
  return {
    range: { start: { line: start, character: 0 }, end: { line: end, character: 0 } },
    text,
  };
}

for (const [what, change, expected] of [
  ['an edit below leaves them', edit(7, 7, 'a\nb'), { start: 4, end: 6 }],
  ['an edit in a line above leaves them', edit(1, 1, 'a'), { start: 4, end: 6 }],
  ['lines added above move them down', edit(1, 1, 'a\nb\n'), { start: 6, end: 8 }],
  ['lines added right above move them down', edit(4, 4, 'a\n'), { start: 5, end: 7 }],
  ['what is typed in front of them is theirs', edit(4, 4, 'a'), { start: 4, end: 6 }],
  ['lines taken away above move them up', edit(0, 2, ''), { start: 2, end: 4 }],
  ['lines added inside make them more', edit(5, 5, 'a\n'), { start: 4, end: 7 }],
  ['lines taken away inside make them fewer', edit(4, 6, ''), { start: 4, end: 4 }],
  ['what takes just them away leaves none', edit(4, 7, ''), undefined],
  ['what takes more than them away leaves none', edit(3, 8, ''), undefined],
  ['what is written over them takes their place', edit(3, 7, 'a\nb'), { start: 3, end: 3 }],
] as const) {
  test(what, () => {
    assert.deepEqual(moved(LINES, change), expected);
  });
}

test('lines are named as people count them', () => {
  assert.equal(label('a.py', LINES), 'a.py:5-7');
  assert.equal(label('a.py', { start: 0, end: 0 }), 'a.py:1');
  assert.equal(label('a.py', undefined), 'a.py');
});
