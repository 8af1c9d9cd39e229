/** Tells the server where the cursor rests: a model on this machine can read ahead there. */

import * as vscode from 'vscode';
import type { LanguageClient } from 'vscode-languageclient/node';
import { SERVED } from './inline.ts';
import { CURSOR_RESTS } from './protocol.ts';

const REST_MS = 1_000;

export function tellWhereCursorRests(client: () => LanguageClient | undefined): vscode.Disposable {
  let waiting: NodeJS.Timeout | undefined;

  const tell = ({ document, selection }: vscode.TextEditor) => {
    const server = client();
    if (server?.isRunning() && vscode.languages.match(SERVED, document)) {
      const converter = server.code2ProtocolConverter;
      void server.sendNotification(CURSOR_RESTS, {
        textDocument: converter.asTextDocumentIdentifier(document),
        position: converter.asPosition(selection.active),
      });
    }
  };

  return vscode.window.onDidChangeTextEditorSelection(({ textEditor }) => {
    clearTimeout(waiting);
    waiting = setTimeout(tell, REST_MS, textEditor);
  });
}
