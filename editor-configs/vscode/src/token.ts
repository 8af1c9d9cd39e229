/** Tokens, in VS Code's own store of secrets; each is for the one address it was given for. */

import * as vscode from 'vscode';
import { origins, type Tree } from './settings.ts';

export class Tokens {
  private readonly secrets: vscode.SecretStorage;

  constructor(secrets: vscode.SecretStorage) {
    this.secrets = secrets;
  }

  /** Return the token of each address that the options name, where there is one. */
  async of(options: Tree): Promise<Map<string, string>> {
    const tokens = new Map<string, string>();
    for (const origin of origins(options)) {
      const token = await this.secrets.get(keyOf(origin));
      if (token) {
        tokens.set(origin, token);
      }
    }
    return tokens;
  }

  /** Ask for a token and keep it; tell whether that was done. */
  async logIn(options: Tree): Promise<boolean> {
    const origin = await choose(options, 'Log in where?');
    if (!origin) {
      return false;
    }
    const token = await vscode.window.showInputBox({
      title: `Token for ${origin}`,
      prompt: 'It is kept in the store of secrets and sent nowhere else.',
      password: true,
      ignoreFocusOut: true,
      validateInput: (text) => (text.trim() ? undefined : 'A token is not empty'),
    });
    if (token === undefined) {
      return false;
    }
    await this.secrets.store(keyOf(origin), token.trim());
    return true;
  }

  /** Forget a token; tell whether that was done. */
  async logOut(options: Tree): Promise<boolean> {
    const origin = await choose(options, 'Log out where?');
    if (origin) {
      await this.secrets.delete(keyOf(origin));
    }
    return origin !== undefined;
  }
}

function keyOf(origin: string): string {
  return `token ${origin}`;
}

async function choose(options: Tree, title: string): Promise<string | undefined> {
  const known = origins(options);
  if (known.length > 1) {
    return await vscode.window.showQuickPick(known, { title });
  }
  if (known.length === 0) {
    const open = 'Open Settings';
    const what = 'No host is set here: name one in the setting infill-ls.backend.url first.';
    if ((await vscode.window.showInformationMessage(what, open)) === open) {
      await vscode.commands.executeCommand('workbench.action.openSettings', 'infill-ls.backend');
    }
  }
  return known[0];
}
