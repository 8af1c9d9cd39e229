import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { test } from 'node:test';
import { findPython } from '../src/python.ts';
import { run } from '../src/run.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'python-'));

function saying(version: string): string {
  const file = path.join(folder, version.replaceAll(' ', '.'));
  writeFileSync(file, `#!/bin/sh\necho ${version}\n`);
  chmodSync(file, 0o755);
  return file;
}

test('the first Python that is new enough is taken', {
  skip: process.platform === 'win32',
}, async () => {
  const [old, good, newer] = [saying('Python 3 10'), saying('Python 3 11'), saying('Python 3 14')];

  assert.equal(await findPython([old, path.join(folder, 'none'), good, newer]), good);
  assert.equal(await findPython([old]), undefined);
});

test('a program that is not there is told and throws nothing', async () => {
  const { code, output } = await run(path.join(folder, 'none'), []);

  assert.notEqual(code, 0);
  assert.match(output, /ENOENT/);
});

test('each line of the output is told', async () => {
  const lines: string[] = [];

  await run(process.execPath, ['-e', 'console.log("a\\nb"); console.error("c")'], {
    told: (line) => lines.push(line),
  });

  assert.deepEqual(lines.sort(), ['a', 'b', 'c']);
});
