/** The settings as environment variables, for the commands of infill-ls that are no server. */

import type { Tree } from './settings.ts';

/** Return `INFILL_LS_<SECTION>_<NAME>` for each setting; lists and tables as JSON. */
export function asEnvironment(settings: Tree): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const [section, value] of Object.entries(settings)) {
    const isWhole = section === 'fallback' || section === 'chatBackend';
    const leaves = isWhole ? { '': value } : (value as Tree);
    for (const [name, leaf] of Object.entries(leaves)) {
      variables[variable(section, name)] = typeof leaf === 'string' ? leaf : JSON.stringify(leaf);
    }
  }
  return variables;
}

function variable(...names: string[]): string {
  const words = names
    .filter(Boolean)
    .map((name) => name.replace(/[A-Z]/g, (letter) => `_${letter}`));
  return ['INFILL_LS', ...words].join('_').toUpperCase();
}
