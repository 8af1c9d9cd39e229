/**
 * Installs the server, where the user wants that, into a virtual environment of the extension's.
 *
 * The wheel comes with the extension, so nobody else's package of that name can be installed; what
 * it depends on comes from the index that pip is configured for.
 */

import { readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { programOf } from './locate.ts';
import { findPython } from './python.ts';
import { run } from './run.ts';

export function ownVenv(context: vscode.ExtensionContext): string {
  return path.join(context.globalStorageUri.fsPath, 'venv');
}

/** Offer to install the server; tell whether it is there now. */
export async function offerInstallation(
  context: vscode.ExtensionContext,
  log: vscode.LogOutputChannel,
): Promise<boolean> {
  const [yes, choose] = ['Install', 'I Have It Elsewhere'];
  const answer = await vscode.window.showInformationMessage(
    'infill-ls completes your code with its server, a Python program, which is not on this machine. ' +
      'Install it now, apart from everything else? (It brings a few hundred megabytes of libraries.)',
    yes,
    choose,
  );
  if (answer === choose) {
    await vscode.commands.executeCommand('workbench.action.openSettings', 'infill-ls.path');
  }
  return answer === yes && (await install(context, log));
}

/** Install the server; tell whether it is there now. */
export async function install(
  context: vscode.ExtensionContext,
  log: vscode.LogOutputChannel,
): Promise<boolean> {
  const python = await findPython();
  if (!python) {
    void vscode.window.showErrorMessage(
      'infill-ls needs Python 3.11 or newer: install that first.',
    );
    return false;
  }
  const venv = ownVenv(context);
  const problem = await vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: 'Installing infill-ls',
      cancellable: true,
    },
    async (progress, token) => {
      const cancelling = new AbortController();
      token.onCancellationRequested(() => cancelling.abort());
      const told = (line: string) => {
        log.info(line);
        progress.report({ message: line.trim().slice(0, 80) });
      };
      const wheel = `${wheelOf(context)}[local,syntax]`;
      const pip = ['-m', 'pip', 'install', '--disable-pip-version-check', '--upgrade', wheel];
      for (const [program, args] of [
        [python, ['-m', 'venv', '--clear', venv]],
        [programOf(venv, 'python'), pip],
      ] as const) {
        const { code, output } = await run(program, args, { signal: cancelling.signal, told });
        if (code !== 0) {
          return output.trim().split('\n').at(-1) ?? `${program} failed`;
        }
      }
      return undefined;
    },
  );
  if (problem === undefined) {
    return true;
  }
  // Half of one would be found, and taken for the server.
  await rm(venv, { recursive: true, force: true });
  const open = 'Show Log';
  const told = vscode.window.showErrorMessage(`infill-ls was not installed: ${problem}`, open);
  void told.then((answer) => answer === open && log.show());
  return false;
}

function wheelOf(context: vscode.ExtensionContext): string {
  const folder = path.join(context.extensionUri.fsPath, 'dist');
  const wheel = readdirSync(folder).find((name) => name.endsWith('.whl'));
  if (!wheel) {
    throw new Error(`no wheel in ${folder}`);
  }
  return path.join(folder, wheel);
}
