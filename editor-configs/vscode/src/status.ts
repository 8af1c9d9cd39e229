/** The item of the status bar, and one message for each outage. */

import * as vscode from 'vscode';
import { appearance, type State } from './appearance.ts';
import type { Pause } from './pause.ts';

const BACKGROUNDS = {
  none: undefined,
  warning: new vscode.ThemeColor('statusBarItem.warningBackground'),
  error: new vscode.ThemeColor('statusBarItem.errorBackground'),
};

export class StatusItem implements vscode.Disposable {
  private readonly item: vscode.StatusBarItem;
  private readonly pause: Pause;
  private state: State = { kind: 'starting' };
  private isTold = false;

  constructor(pause: Pause) {
    this.item = vscode.window.createStatusBarItem('status', vscode.StatusBarAlignment.Right, 100);
    this.item.name = 'infill-ls';
    this.item.command = 'infill-ls.menu';
    this.pause = pause;
    this.draw();
    this.item.show();
  }

  /** One sentence on how the server is. */
  get sentence(): string {
    return appearance(this.state, this.pause.words()).tooltip;
  }

  update(state: State): void {
    this.state = state;
    this.draw();
    this.tell();
  }

  draw(): void {
    const { text, tooltip, severity } = appearance(this.state, this.pause.words());
    this.item.text = text;
    this.item.tooltip = tooltip;
    this.item.backgroundColor = BACKGROUNDS[severity];
    this.item.accessibilityInformation = { label: `infill-ls: ${tooltip}`, role: 'button' };
  }

  dispose(): void {
    this.item.dispose();
  }

  /** Tell of an error, once until it is over. */
  private async tell(): Promise<void> {
    const { state } = this;
    if (state.kind !== 'running' || state.status.health === 'warning') {
      return;
    }
    const isWrong = state.status.health === 'error';
    const isNew = isWrong && !this.isTold;
    this.isTold = isWrong;
    if (isNew) {
      const what = `infill-ls: ${state.status.message}`;
      if (await vscode.window.showErrorMessage(what, 'What Can I Do?')) {
        await vscode.commands.executeCommand('infill-ls.menu');
      }
    }
  }
}
