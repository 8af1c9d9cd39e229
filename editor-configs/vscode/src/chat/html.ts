/** The chat's page, which may run our script and nothing else, and load nothing from anywhere. */

import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import type { FromPage } from './messages.ts';

/** Make a button that tells the extension this message, as the page's script sees to. */
function button(type: FromPage['type'], title: string, text: string, more = ''): string {
  const message = JSON.stringify({ type });
  return `<button type="button" data-message='${message}' title="${title}" ${more}>${text}</button>`;
}

export function pageHtml(webview: vscode.Webview, extensionUri: vscode.Uri): string {
  const nonce = randomBytes(16).toString('base64url');
  const address = (...names: string[]) =>
    webview.asWebviewUri(vscode.Uri.joinPath(extensionUri, ...names));
  const policy = [
    `default-src 'none'`,
    `script-src 'nonce-${nonce}'`,
    `style-src ${webview.cspSource}`,
  ].join('; ');
  return `<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta http-equiv="Content-Security-Policy" content="${policy}">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <link rel="stylesheet" href="${address('media', 'chat.css')}">
  <title>Chat</title>
</head>
<body>
  <main id="turns" role="log" aria-label="Conversation" aria-live="polite"></main>
  <form id="form">
    <ul id="attached" aria-label="Code that goes with the question"></ul>
    <textarea id="question" rows="3" aria-label="Question"
      placeholder="Ask about your code (Enter sends, Shift+Enter is a new line)"></textarea>
    <div class="buttons">
      ${button('attach', 'Add what is selected, or the whole file', 'Add Code')}
      ${button('begin', 'Begin a new conversation', 'New')}
      <span class="space"></span>
      ${button('stop', 'Stop the answer (Escape)', 'Stop', 'id="stop" hidden')}
      <button type="submit" id="send">Send</button>
    </div>
  </form>
  <script nonce="${nonce}" src="${address('dist', 'page.js')}"></script>
</body>
</html>`;
}
