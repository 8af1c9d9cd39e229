import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Conversation } from '../src/chat/conversation.ts';
import type { ChatReply } from '../src/protocol.ts';

const REPLY: ChatReply = {
  conversation: 'c',
  message: 0,
  text: 'One.',
  finish: 'end',
  cut: false,
};

test('an answer grows piece by piece, and ends as the server says', () => {
  const conversation = new Conversation();

  conversation.ask('1?', ['a.py']);
  conversation.grow('On');
  const growing = { ...conversation.turns[0] };
  conversation.end(REPLY);

  assert.deepEqual(growing, {
    question: '1?',
    context: ['a.py'],
    answer: 'On',
    state: 'writing',
    note: '',
  });
  assert.equal(conversation.turns[0]?.answer, 'One.');
  assert.equal(conversation.isWriting, false);
  assert.equal(conversation.id, 'c');
});

test('an answer that is not whole says why', () => {
  const conversation = new Conversation();

  conversation.ask('1?', []);
  conversation.end({ ...REPLY, finish: 'length', cut: true });

  assert.match(conversation.turns[0]?.note ?? '', /chat\.maxTokens.* had room/);
});

test('what was written before a failure stays, and goes when one asks again', () => {
  const conversation = new Conversation();

  conversation.ask('1?', []);
  conversation.grow('On');
  conversation.fail('no such host');
  const failed = { ...conversation.turns[0] };
  conversation.again();

  assert.equal(failed.answer, 'On');
  assert.deepEqual([failed.state, failed.note], ['failed', 'no such host']);
  assert.deepEqual(conversation.turns[0]?.answer, '');
  assert.equal(conversation.isWriting, true);
});

test('a question is kept where the server says so, until the next one', () => {
  const conversation = new Conversation();

  conversation.ask('1?', []);
  const asked = conversation.isKept;
  conversation.fail('no such host', 'c');
  const failed = conversation.isKept;
  conversation.ask('2?', []);
  conversation.fail('no such file');

  assert.deepEqual([asked, failed, conversation.isKept], [false, true, false]);
  assert.equal(conversation.id, 'c');
});

test('a server that knows nothing of it is told what was answered before the last question', () => {
  const conversation = new Conversation();

  for (const question of ['1?', '2?', '3?', '4?']) {
    conversation.ask(question, []);
    if (question === '2?') {
      conversation.fail('no such host', 'c');
    } else {
      conversation.end({ ...REPLY, text: `${question}!` });
    }
  }

  assert.deepEqual(conversation.said, [
    { text: '1?', answer: '1?!' },
    { text: '3?', answer: '3?!' },
  ]);
});
