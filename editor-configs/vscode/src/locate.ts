/** Where the server is: by the setting, on PATH, in the workspace, or where we installed it. */

import { accessSync, constants, statSync } from 'node:fs';
import * as path from 'node:path';

export interface Surroundings {
  /** The setting `infill-ls.path`; empty where there is none. */
  setting: string;
  /** The variable PATH. */
  searchPath: string;
  home: string;
  /** Folders of a workspace that the user trusts; a program of any other is not run. */
  trustedFolders: readonly string[];
  /** The virtual environment that we make ourselves, whether or not it is there. */
  ownVenv: string;
}

const IS_WINDOWS = process.platform === 'win32';
const PROGRAM = IS_WINDOWS ? 'infill-ls.exe' : 'infill-ls';

/** Return the path of the program of a virtual environment. */
export function programOf(venv: string, program = PROGRAM): string {
  return path.join(venv, IS_WINDOWS ? 'Scripts' : 'bin', program);
}

/**
 * Return the absolute path of the server, or undefined where there is none.
 *
 * What the setting names is taken or missed, and never replaced by another one.
 */
export function locate(around: Surroundings): string | undefined {
  return candidates(around).find(isProgram);
}

function candidates({ setting, searchPath, home, trustedFolders, ownVenv }: Surroundings) {
  if (setting) {
    return [setting.replace(/^~(?=[/\\])/, home)];
  }
  // A relative folder would be one of the workspace's, which nobody has asked about.
  const onPath = searchPath.split(path.delimiter).filter(path.isAbsolute);
  return [
    ...onPath.map((folder) => path.join(folder, PROGRAM)),
    ...trustedFolders.map((folder) => programOf(path.join(folder, '.venv'))),
    programOf(ownVenv),
  ];
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return path.isAbsolute(file) && statSync(file).isFile();
  } catch {
    return false;
  }
}
