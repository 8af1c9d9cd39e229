/** Runs a program to its end. */

import { spawn } from 'node:child_process';

export interface Outcome {
  /** Zero where all went well. */
  code: number;
  /** Standard output and standard error, as they came. */
  output: string;
}

/** Run a program; `told` is given each line of its output. Aborting the signal kills it. */
export function run(
  program: string,
  args: readonly string[],
  options: {
    environment?: Record<string, string>;
    signal?: AbortSignal;
    told?: (line: string) => void;
  } = {},
): Promise<Outcome> {
  const { environment, signal, told = () => {} } = options;
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(signal && { signal }),
    });
    let output = '';
    const take = (chunk: string) => {
      output += chunk;
      for (const line of chunk.split(/[\r\n]+/).filter((each) => each.trim())) {
        told(line);
      }
    };
    child.stdout.setEncoding('utf8').on('data', take);
    child.stderr.setEncoding('utf8').on('data', take);
    child.on('error', (error) => resolve({ code: -1, output: `${output}${error.message}\n` }));
    child.on('close', (code) => resolve({ code: code ?? -1, output }));
  });
}
