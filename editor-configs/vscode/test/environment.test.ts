import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asEnvironment } from '../src/environment.ts';

test('settings become the variables that the server reads', () => {
  const settings = {
    backend: { kind: 'tgi', caBundle: '/ca.pem', headers: { a: 'b' } },
    fallback: [{ kind: 'embedded' }],
    chatBackend: { url: 'http://localhost' },
    completion: { maxTokens: 64, enabled: true },
  };

  assert.deepEqual(asEnvironment(settings), {
    INFILL_LS_BACKEND_KIND: 'tgi',
    INFILL_LS_BACKEND_CA_BUNDLE: '/ca.pem',
    INFILL_LS_BACKEND_HEADERS: '{"a":"b"}',
    INFILL_LS_FALLBACK: '[{"kind":"embedded"}]',
    INFILL_LS_CHAT_BACKEND: '{"url":"http://localhost"}',
    INFILL_LS_COMPLETION_MAX_TOKENS: '64',
    INFILL_LS_COMPLETION_ENABLED: 'true',
  });
});
