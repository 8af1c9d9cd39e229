/** A Python that is new enough for the server. */

import { run } from './run.ts';

const OLDEST = [3, 11] as const;

const VERSION = 'import sys; print("Python", *sys.version_info[:2])';

const NAMES =
  process.platform === 'win32'
    ? ['py', 'python']
    : ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python'];

/** Return the name of the first Python that is new enough, or undefined. */
export async function findPython(names: readonly string[] = NAMES): Promise<string | undefined> {
  for (const name of names) {
    const { code, output } = await run(name, ['-c', VERSION]);
    if (code === 0 && isNewEnough(output)) {
      return name;
    }
  }
  return undefined;
}

function isNewEnough(output: string): boolean {
  const [, major, minor] = /Python (\d+) (\d+)/.exec(output) ?? [];
  return Number(major) === OLDEST[0] && Number(minor) >= OLDEST[1];
}
