/** Puts code of an answer into the editor. */

import * as vscode from 'vscode';

/** Put a text where the cursor is, in place of what is selected. */
export async function insert(text: string): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  if (editor) {
    await editor.edit((edit) => {
      for (const selection of editor.selections) {
        edit.replace(selection, text);
      }
    });
    await vscode.window.showTextDocument(editor.document, editor.viewColumn);
  } else {
    void vscode.window.showInformationMessage('There is no editor to insert this into.');
  }
}
