/** What the user has set, as the server wants it: a tree, and only of what is not at its default. */

/** What VS Code says of one setting, as `WorkspaceConfiguration.inspect` gives it. */
export interface Inspected {
  globalValue?: unknown;
  workspaceValue?: unknown;
  workspaceFolderValue?: unknown;
}

export interface Declared {
  scope?: string;
}

export type Tree = Record<string, unknown>;

/** A back end, or what draws pictures, as far as a token matters. */
interface Host {
  kind?: string;
  url?: string;
  token?: string;
}

const SECTION = 'infill-ls.';

/** Settings of the extension itself, which the server does not know. */
const OWN = new Set(['infill-ls.path']);

const HUGGING_FACE = 'https://huggingface.co';

/**
 * Return what goes along when the server starts: what decides where code and tokens go.
 *
 * Its scope is `machine`, so that no file of a workspace has a say in it.
 */
export function initializationOptions(
  declared: Record<string, Declared>,
  inspect: (key: string) => Inspected | undefined,
): Tree {
  return tree(declared, true, (key) => inspect(key)?.globalValue);
}

/** Return what the server may ask for at any time. */
export function configuration(
  declared: Record<string, Declared>,
  inspect: (key: string) => Inspected | undefined,
): Tree {
  return tree(declared, false, (key) => {
    const { workspaceFolderValue, workspaceValue, globalValue } = inspect(key) ?? {};
    return workspaceFolderValue ?? workspaceValue ?? globalValue;
  });
}

function tree(
  declared: Record<string, Declared>,
  isGuarded: boolean,
  value: (key: string) => unknown,
): Tree {
  const tree: Record<string, unknown> = {};
  for (const [key, { scope }] of Object.entries(declared)) {
    const given = (scope === 'machine') === isGuarded && !OWN.has(key) ? value(key) : undefined;
    if (given === undefined || given === null) {
      continue;
    }
    const [section = '', name] = key.slice(SECTION.length).split('.');
    if (name === undefined) {
      tree[section] = given;
    } else {
      tree[section] = { ...(tree[section] as Tree | undefined), [name]: given };
    }
  }
  return tree;
}

/** Return the addresses that the options name, each once: the hosts that a token can be for. */
export function origins(options: Tree): string[] {
  return [...new Set(hosts(options).map(originOf))].filter((origin) => origin !== undefined);
}

/**
 * Return the options with a token for each host that `tokens` has one for, by its address.
 *
 * A token is for one address: a new `url` does not inherit that of the one before.
 */
export function withTokens(options: Tree, tokens: ReadonlyMap<string, string>): Tree {
  const whole = structuredClone(options);
  for (const host of hosts(whole)) {
    const token = tokens.get(originOf(host) ?? '');
    if (token !== undefined && !host.token) {
      host.token = token;
    }
  }
  return whole;
}

function hosts(options: Tree): Host[] {
  const { backend, chatBackend, fallback, image } = options;
  const all = [backend, chatBackend, ...(Array.isArray(fallback) ? fallback : [])].filter(isTable);
  // Pictures are Hugging Face's unless another address is named.
  const drawing = isTable(image) ? [image as Host].filter((host) => host.url) : [];
  return [...(all as Host[]), ...drawing];
}

function originOf({ kind, url }: Host): string | undefined {
  if (!url) {
    return kind === 'huggingface' ? HUGGING_FACE : undefined;
  }
  try {
    return new URL(url).origin;
  } catch {
    return undefined;
  }
}

function isTable(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
