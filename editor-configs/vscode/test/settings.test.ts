import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  configuration,
  type Inspected,
  initializationOptions,
  origins,
  withTokens,
} from '../src/settings.ts';

const declared = {
  'infill-ls.path': { scope: 'machine' },
  'infill-ls.backend.kind': { scope: 'machine' },
  'infill-ls.backend.url': { scope: 'machine' },
  'infill-ls.fallback': { scope: 'machine' },
  'infill-ls.completion.maxTokens': { scope: 'window' },
  'infill-ls.completion.lines': { scope: 'window' },
};

function inspecting(values: Record<string, Inspected>) {
  return (key: string) => values[key];
}

test('only what is set is told, so that no default hides the file of the user', () => {
  const inspect = inspecting({ 'infill-ls.completion.maxTokens': { globalValue: 64 } });

  assert.deepEqual(configuration(declared, inspect), { completion: { maxTokens: 64 } });
});

test('a value of the workspace is stronger than one of the user', () => {
  const inspect = inspecting({
    'infill-ls.completion.lines': { globalValue: 'multi', workspaceValue: 'single' },
  });

  assert.deepEqual(configuration(declared, inspect), { completion: { lines: 'single' } });
});

test('what decides where code goes is told at the start, and no workspace has a say in it', () => {
  const inspect = inspecting({
    'infill-ls.path': { globalValue: '/bin/infill-ls' },
    'infill-ls.backend.kind': { globalValue: 'tgi' },
    'infill-ls.backend.url': { workspaceValue: 'http://evil' },
    'infill-ls.fallback': { globalValue: [{ kind: 'embedded' }] },
    'infill-ls.completion.maxTokens': { globalValue: 64 },
  });

  assert.deepEqual(initializationOptions(declared, inspect), {
    backend: { kind: 'tgi' },
    fallback: [{ kind: 'embedded' }],
  });
  assert.deepEqual(configuration(declared, inspect), { completion: { maxTokens: 64 } });
});

test('a token goes to the address that it was given for, and to no other', () => {
  const tokens = new Map([
    ['https://a.example', 'a'],
    ['https://huggingface.co', 'h'],
  ]);
  const options = {
    backend: { url: 'https://a.example/v1' },
    chatBackend: { url: 'https://a.example.evil' },
    fallback: [{ kind: 'huggingface' }, { kind: 'tgi', url: 'https://a.example:8443' }],
  };

  assert.deepEqual(withTokens(options, tokens), {
    backend: { url: 'https://a.example/v1', token: 'a' },
    chatBackend: { url: 'https://a.example.evil' },
    fallback: [
      { kind: 'huggingface', token: 'h' },
      { kind: 'tgi', url: 'https://a.example:8443' },
    ],
  });
});

test('a token that is set with a host is kept, and the options themselves are left as they are', () => {
  const options = { fallback: [{ url: 'https://a.example', token: 'mine' }], backend: {} };

  const whole = withTokens(options, new Map([['https://a.example', 'stored']]));

  assert.deepEqual(whole, options);
  assert.notEqual(whole, options);
});

test('one can log in at each host that the settings name, once', () => {
  assert.deepEqual(
    origins({
      backend: { url: 'http://localhost:8080/a' },
      chatBackend: { url: 'http://localhost:8080/b' },
      fallback: [{ kind: 'huggingface' }, { kind: 'embedded' }, { url: 'no address' }],
    }),
    ['http://localhost:8080', 'https://huggingface.co'],
  );
});
