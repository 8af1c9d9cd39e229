/**
 * Keeps the cursor behind what is accepted of a suggestion: all, a word or a line.
 *
 * VS Code tells nobody of a part that is accepted, but it can be seen: a text is inserted, the
 * cursor is at its end, and then VS Code itself puts it where it takes that end to be.
 */

import * as vscode from 'vscode';
import { ends } from './accepted.ts';

/** `suggest` is to suggest more where the cursor is then. */
export function keepCursor(suggest: () => Promise<void>): vscode.Disposable {
  let inserted: ReturnType<typeof ends>;
  let wasRight = false;

  const changed = ({ document, contentChanges }: vscode.TextDocumentChangeEvent) => {
    const [change, ...others] = contentChanges;
    if (change && document === vscode.window.activeTextEditor?.document) {
      // Of several cursors each has its own end.
      inserted = others.length === 0 ? ends(change.range.start, change.text) : undefined;
      wasRight = false;
    }
  };

  const moved = ({ textEditor, selections, kind }: vscode.TextEditorSelectionChangeEvent) => {
    if (!inserted || textEditor !== vscode.window.activeTextEditor) {
      return;
    }
    const { right, wrong } = inserted;
    const [cursor] = selections;
    // Of a kind is what users and extensions do.
    const isAt = ({ line, character }: typeof right) =>
      kind === undefined && cursor?.active.isEqual(new vscode.Position(line, character)) === true;
    if (wasRight && isAt(wrong)) {
      const end = new vscode.Position(right.line, right.character);
      textEditor.selection = new vscode.Selection(end, end);
      // For VS Code the cursor has gone elsewhere, where nothing is suggested.
      void suggest();
    }
    wasRight = isAt(right);
  };

  return vscode.Disposable.from(
    vscode.workspace.onDidChangeTextDocument(changed),
    vscode.window.onDidChangeTextEditorSelection(moved),
  );
}
