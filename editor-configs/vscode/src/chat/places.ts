/** Code in documents that the chat is about; it is followed while the documents are edited. */

import * as vscode from 'vscode';
import type { ChatContext } from '../protocol.ts';
import { type Lines, label, moved } from './lines.ts';

export interface Code {
  readonly uri: vscode.Uri;
  /** Without them, the whole document. */
  readonly lines: Lines | undefined;
}

export interface Place extends Code {
  uri: vscode.Uri;
  lines: Lines | undefined;
  /** Whether all of it was taken away. */
  isGone: boolean;
}

export class Places implements vscode.Disposable {
  private readonly moving = new vscode.EventEmitter<void>();
  readonly onDidMove = this.moving.event;
  private readonly followed: Place[] = [];
  private readonly watching = vscode.Disposable.from(
    vscode.workspace.onDidChangeTextDocument((change) => this.move(change)),
    vscode.workspace.onDidSaveTextDocument((document) => this.save(document)),
  );

  /** Follow lines of a document, or the whole of it. */
  follow(uri: vscode.Uri, lines: Lines | undefined): Place {
    const place = { uri, lines, isGone: false };
    this.followed.push(place);
    return place;
  }

  dispose(): void {
    this.watching.dispose();
    this.moving.dispose();
  }

  private move({ document, contentChanges }: vscode.TextDocumentChangeEvent): void {
    const concerned = this.of(document);
    for (const place of concerned) {
      for (const change of contentChanges) {
        const lines = place.lines && moved(place.lines, change);
        place.isGone ||= place.lines !== lines && lines === undefined;
        place.lines = lines ?? place.lines;
      }
    }
    if (concerned.length > 0) {
      this.moving.fire();
    }
  }

  /** What was untitled has the same text until its file is saved; then it is emptied and closed. */
  private save(file: vscode.TextDocument): void {
    const text = file.getText();
    const saved = vscode.workspace.textDocuments
      .filter((document) => document.isUntitled && document.getText() === text)
      .flatMap((document) => this.of(document));
    for (const place of saved) {
      place.uri = file.uri;
    }
    if (saved.length > 0) {
      this.moving.fire();
    }
  }

  private of(document: vscode.TextDocument): Place[] {
    return this.followed.filter(({ uri }) => uri.toString() === document.uri.toString());
  }
}

/** Return the lines of what is selected; undefined where nothing is. */
export function selectedLines({ selection }: vscode.TextEditor): Lines | undefined {
  return selection.isEmpty ? undefined : linesOf(selection);
}

/** Return the lines of a range; one that ends at the beginning of a line does not hold it. */
export function linesOf({ start, end }: vscode.Range): Lines {
  const isBefore = end.character === 0 && end.line > start.line;
  return { start: start.line, end: isBefore ? end.line - 1 : end.line };
}

/** Name a place, as people count lines. */
export function nameOf({ uri, lines }: Code): string {
  return label(vscode.workspace.asRelativePath(uri), lines);
}

/**
 * Return what the server is told; the document is opened, so that the server knows it. Of one that
 * is gone it says so.
 */
export async function contextOf({ uri, lines }: Code): Promise<ChatContext> {
  await vscode.workspace.openTextDocument(uri).then(undefined, () => {});
  const range = lines && {
    start: { line: lines.start, character: 0 },
    end: { line: lines.end + 1, character: 0 },
  };
  return { uri: uri.toString(), ...(range && { range }) };
}
