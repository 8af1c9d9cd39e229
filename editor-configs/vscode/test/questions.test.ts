import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Question, Questions, reasonOf } from '../src/chat/questions.ts';
import { reply, Server, settled } from './server.ts';

const FIRST: Question = { command: 'send', text: '1?', context: [] };
const never = () => new AbortController().signal;

function started(): { server: Server; questions: Questions } {
  const server = new Server();
  const questions = new Questions(() => server);
  questions.listen(server);
  return { server, questions };
}

test('each answer hears its own pieces', async () => {
  const { server, questions } = started();
  const heard: string[] = [];
  const asking = ['a', 'b'].map((conversation) =>
    questions.ask(
      { ...FIRST, conversation },
      (piece) => heard.push(`${conversation}: ${piece}`),
      never(),
    ),
  );
  await settled();

  server.tell({ conversation: 'b', message: 0, text: 'Two.' });
  server.tell({ conversation: 'a', message: 0, text: 'One.' });
  server.tell({ conversation: 'c', message: 0, text: 'Three.' });
  server.requests.forEach(({ answer }, index) => {
    answer(reply('ab'[index] as string, 'Whole.'));
  });

  assert.deepEqual(heard, ['b: Two.', 'a: One.']);
  assert.deepEqual(
    (await Promise.all(asking)).map(({ text }) => text),
    ['Whole.', 'Whole.'],
  );
});

test('a new conversation waits until the one before has a name', async () => {
  const { server, questions } = started();
  const heard: string[] = [];
  void questions.ask(FIRST, (piece) => heard.push(`1: ${piece}`), never());
  void questions.ask(FIRST, (piece) => heard.push(`2: ${piece}`), never());
  await settled();
  const before = server.requests.length;

  server.tell({ conversation: 'a', message: 0, text: 'One.' });
  await settled();
  server.tell({ conversation: 'b', message: 0, text: 'Two.' });
  server.tell({ conversation: 'a', message: 0, text: 'More.' });

  assert.deepEqual([before, server.requests.length], [1, 2]);
  assert.deepEqual(heard, ['1: One.', '2: Two.', '1: More.']);
});

test('one that waits is not asked once it is stopped', async () => {
  const { server, questions } = started();
  const stopping = new AbortController();
  const first = questions.ask(FIRST, () => {}, never());
  const second = questions.ask(FIRST, () => {}, stopping.signal);
  const third = questions.ask(FIRST, () => {}, never());
  await settled();

  stopping.abort();
  await assert.rejects(second);
  await settled();
  const asked = server.requests.length;
  server.requests[0]?.answer(reply('a', 'One.'));
  await first;
  await settled();
  server.requests[1]?.answer(reply('b', 'Three.'));

  assert.equal(asked, 1);
  assert.equal((await third).text, 'Three.');
});

test('the server is told to stop, and what it has written is the answer', async () => {
  const { server, questions } = started();
  const stopping = new AbortController();
  const asking = questions.ask(FIRST, () => {}, stopping.signal);
  await settled();

  stopping.abort();
  server.requests[0]?.answer({ ...reply('a', 'On'), finish: 'stopped' });

  const token = server.requests[0]?.argument.workDoneToken;
  assert.ok(token);
  assert.deepEqual(server.notifications, [{ method: 'window/workDoneProgress/cancel', token }]);
  assert.equal((await asking).finish, 'stopped');
});

test('a conversation is known from its first question on, failed or not, to that server', async () => {
  const { server, questions } = started();
  const asking = questions.ask(FIRST, () => {}, never());
  await settled();

  server.requests[0]?.fail({ message: 'no such host', data: { conversation: 'a' } });
  await assert.rejects(asking);
  const known = questions.known('a');
  server.restart();

  assert.deepEqual([known, questions.known('a')], ['a', undefined]);
});

test('a server that is not there, or not any more, is told of in a sentence', async () => {
  const asking = new Questions(() => undefined).ask(FIRST, () => {}, never());

  await assert.rejects(asking, { message: 'The server does not run.' });
  assert.equal(reasonOf({ code: -32097, message: 'disposed' }), 'The server has ended.');
});
