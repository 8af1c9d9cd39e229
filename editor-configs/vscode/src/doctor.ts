/** Shows what is configured, and whether it works, as the server's own doctor says. */

import * as vscode from 'vscode';
import { asEnvironment } from './environment.ts';
import { run } from './run.ts';
import type { Tree } from './settings.ts';

const SCHEME = 'infill-ls-doctor';
const REPORT = vscode.Uri.from({ scheme: SCHEME, path: 'infill-ls doctor' });

/** A document that cannot be edited, and need not be saved. */
export class Doctor implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly changing = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changing.event;
  private readonly registered = vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);
  private report = '';

  provideTextDocumentContent(): string {
    return this.report;
  }

  async show(program: string, settings: Tree): Promise<void> {
    const { output } = await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Window, title: 'infill-ls: the doctor is looking' },
      () => {
        const environment = { ...asEnvironment(settings), NO_COLOR: '1', COLUMNS: '100' };
        return run(program, ['doctor'], { environment });
      },
    );
    this.report = output;
    this.changing.fire(REPORT);
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(REPORT));
  }

  dispose(): void {
    this.registered.dispose();
    this.changing.dispose();
  }
}
