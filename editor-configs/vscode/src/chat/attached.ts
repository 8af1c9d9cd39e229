/** The code that goes with the next question. */

import * as vscode from 'vscode';
import type { ChatContext } from '../protocol.ts';
import { type Lines, label, moved } from './lines.ts';

interface Piece {
  uri: vscode.Uri;
  /** Without them, the whole document. */
  lines: Lines | undefined;
}

export class Attached implements vscode.Disposable {
  private readonly changing = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changing.event;
  private pieces: Piece[] = [];
  private readonly watching = vscode.workspace.onDidChangeTextDocument((change) =>
    this.follow(change),
  );

  get labels(): string[] {
    return this.pieces.map(({ uri, lines }) => label(vscode.workspace.asRelativePath(uri), lines));
  }

  /** Add what is selected in an editor, or its whole document; once only. */
  add(editor: vscode.TextEditor): void {
    const { selection, document } = editor;
    this.attach(document.uri, selection.isEmpty ? undefined : linesOf(selection));
  }

  /** Add lines of a document, or the whole of it; once only. */
  attach(uri: vscode.Uri, lines: Lines | undefined): void {
    const piece: Piece = { uri, lines };
    const name = (each: Piece) => label(each.uri.toString(), each.lines);
    if (!this.pieces.some((each) => name(each) === name(piece))) {
      this.pieces.push(piece);
      this.changing.fire();
    }
  }

  remove(index: number): void {
    this.pieces.splice(index, 1);
    this.changing.fire();
  }

  clear(): void {
    this.pieces = [];
    this.changing.fire();
  }

  /** Return what the server is told; each document is opened, so that the server knows it. */
  async contexts(): Promise<ChatContext[]> {
    return Promise.all(
      this.pieces.map(async ({ uri, lines }) => {
        await vscode.workspace.openTextDocument(uri);
        const range = lines && {
          start: { line: lines.start, character: 0 },
          end: { line: lines.end + 1, character: 0 },
        };
        return { uri: uri.toString(), ...(range && { range }) };
      }),
    );
  }

  dispose(): void {
    this.watching.dispose();
    this.changing.dispose();
  }

  /** Keep to the code while it is edited. */
  private follow({ document, contentChanges }: vscode.TextDocumentChangeEvent): void {
    const before = this.labels.join();
    for (const change of contentChanges) {
      this.pieces = this.pieces.flatMap((piece) => {
        if (!piece.lines || piece.uri.toString() !== document.uri.toString()) {
          return [piece];
        }
        const lines = moved(piece.lines, change);
        return lines ? [{ ...piece, lines }] : [];
      });
    }
    if (this.labels.join() !== before) {
      this.changing.fire();
    }
  }
}

/** Return the lines of a selection; one that ends at the beginning of a line does not hold it. */
function linesOf({ start, end }: vscode.Selection): Lines {
  const isBefore = end.character === 0 && end.line > start.line;
  return { start: start.line, end: isBefore ? end.line - 1 : end.line };
}
