import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { test } from 'node:test';
import { locate, programOf, type Surroundings } from '../src/locate.ts';

const root = mkdtempSync(path.join(tmpdir(), 'locate-'));
const name = path.basename(programOf(''));

/** Make a program, or a file that is none, and return its path. */
function made(file: string, mode = 0o755): string {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, '');
  chmodSync(file, mode);
  return file;
}

const onPath = made(path.join(root, 'bin', name));
const inWorkspace = made(programOf(path.join(root, 'work', '.venv')));
const own = made(programOf(path.join(root, 'own')));
const nowhere: Surroundings = {
  setting: '',
  searchPath: path.join(root, 'empty'),
  home: root,
  trustedFolders: [],
  ownVenv: path.join(root, 'none'),
};
const everywhere: Surroundings = {
  ...nowhere,
  searchPath: path.dirname(onPath),
  trustedFolders: [path.join(root, 'work')],
  ownVenv: path.join(root, 'own'),
};

test('PATH comes first, then a trusted workspace, then what the extension has installed', () => {
  assert.equal(locate(everywhere), onPath);
  assert.equal(locate({ ...everywhere, searchPath: '' }), inWorkspace);
  assert.equal(locate({ ...everywhere, searchPath: '', trustedFolders: [] }), own);
  assert.equal(locate(nowhere), undefined);
});

test('what the setting names is taken or missed, and never replaced', () => {
  assert.equal(locate({ ...everywhere, setting: own }), own);
  assert.equal(locate({ ...everywhere, setting: path.join(root, 'gone') }), undefined);
});

test('the setting may begin with the home folder', () => {
  assert.equal(locate({ ...nowhere, setting: `~/bin/${name}` }), onPath);
});

test('a relative folder on PATH is passed over, since it would be one of the workspace', () => {
  const relative = path.relative(process.cwd(), path.dirname(onPath));

  assert.equal(locate({ ...nowhere, searchPath: relative }), undefined);
});

test('a file that is no program is passed over', { skip: process.platform === 'win32' }, () => {
  const file = made(path.join(root, 'data', name), 0o644);

  assert.equal(locate({ ...nowhere, searchPath: path.dirname(file) }), undefined);
});
