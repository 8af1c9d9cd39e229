import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Conversations } from '../src/chat/conversations.ts';

function asked(...questions: string[]): Conversations {
  const conversations = new Conversations();
  for (const question of questions) {
    conversations.go();
    conversations.current.ask(question, []);
  }
  return conversations;
}

const names = ({ all }: Conversations) => all.map(({ turns }) => turns[0]?.question);

test('a conversation that was left is there to go back to, the one at hand before all', () => {
  const conversations = asked('1?', '2?', '3?');
  const before = names(conversations);

  conversations.go(conversations.all[2]);

  assert.deepEqual(before, ['3?', '2?', '1?']);
  assert.deepEqual(names(conversations), ['1?', '3?', '2?']);
});

test('one in which nothing was asked is not kept', () => {
  const conversations = asked('1?');

  conversations.go();
  conversations.go();

  assert.deepEqual(names(conversations), ['1?']);
  assert.deepEqual(conversations.current.turns, []);
});

test('one that is removed is gone, and where it was at hand, there is a new one', () => {
  const conversations = asked('1?', '2?');
  const { current } = conversations;

  conversations.remove(current);

  assert.deepEqual(names(conversations), ['1?']);
  assert.deepEqual(conversations.current.turns, []);
  assert.equal(conversations.has(current), false);
});
