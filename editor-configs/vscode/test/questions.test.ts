import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Question, Questions, reasonOf } from '../src/chat/questions.ts';
import type { ChatDelta } from '../src/protocol.ts';
import { reply, Server, settled } from './server.ts';

const FIRST: Question = { command: 'send', text: '1?', context: [] };
const delta = (token: unknown, text: string): ChatDelta => ({
  conversation: 'c',
  message: 0,
  text,
  workDoneToken: String(token),
});
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
  const asking = ['a', 'b'].map((name) =>
    questions.ask(FIRST, (piece) => heard.push(`${name}: ${piece}`), never()),
  );
  await settled();

  server.tell(delta(server.requests[1]?.argument.workDoneToken, 'Two.'));
  server.tell(delta(server.requests[0]?.argument.workDoneToken, 'One.'));
  server.tell(delta('of nobody', 'Three.'));
  for (const { answer } of server.requests) {
    answer(reply('c', 'Whole.'));
  }

  assert.deepEqual(heard, ['b: Two.', 'a: One.']);
  assert.deepEqual(
    (await Promise.all(asking)).map(({ text }) => text),
    ['Whole.', 'Whole.'],
  );
});

test('what is stopped already is not asked', async () => {
  const { server, questions } = started();

  await assert.rejects(questions.ask(FIRST, () => {}, AbortSignal.abort()));

  assert.deepEqual(server.requests, []);
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
