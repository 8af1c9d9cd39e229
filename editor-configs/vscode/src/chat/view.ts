/** The chat in the side bar: a page that draws it, and hears what the user wants. */

import * as vscode from 'vscode';
import type { ChatContext } from '../protocol.ts';
import type { Attached } from './attached.ts';
import type { Chat } from './chat.ts';
import { showHistory } from './history.ts';
import { pageHtml } from './html.ts';
import { insert } from './insert.ts';
import type { FromPage, ToPage } from './messages.ts';
import { type Places, selectedLines } from './places.ts';
import type { Proposals } from './proposals.ts';

const VIEW = 'infill-ls.chat';

export class ChatView implements vscode.WebviewViewProvider, vscode.Disposable {
  private readonly extensionUri: vscode.Uri;
  private readonly chat: Chat;
  private readonly attached: Attached;
  private readonly places: Places;
  private readonly proposals: Proposals;
  private readonly disposables: vscode.Disposable[];
  private view: vscode.WebviewView | undefined;

  constructor(
    extensionUri: vscode.Uri,
    chat: Chat,
    attached: Attached,
    places: Places,
    proposals: Proposals,
  ) {
    this.extensionUri = extensionUri;
    this.chat = chat;
    this.attached = attached;
    this.places = places;
    this.proposals = proposals;
    this.disposables = [
      attached.onDidChange(() => this.show()),
      chat.onDidChange(() => this.show()),
      chat.onDidGrow((text) => this.post({ type: 'grow', text })),
      vscode.window.registerWebviewViewProvider(VIEW, this),
    ];
  }

  resolveWebviewView(view: vscode.WebviewView): void {
    this.view = view;
    const { webview } = view;
    webview.options = {
      enableScripts: true,
      localResourceRoots: ['dist', 'media'].map((name) =>
        vscode.Uri.joinPath(this.extensionUri, name),
      ),
    };
    webview.html = pageHtml(webview, this.extensionUri);
    webview.onDidReceiveMessage((message: FromPage) => this.receive(message));
    view.onDidDispose(() => {
      this.view = undefined;
    });
  }

  /** Open the chat, with what is selected. */
  async ask(): Promise<void> {
    const editor = vscode.window.activeTextEditor;
    if (editor && !editor.selection.isEmpty) {
      this.attach(editor);
    }
    await this.focus();
  }

  /** Open the chat about some code; ask a question about it, or let the user do so. */
  async about({ uri, range }: ChatContext, question?: string): Promise<void> {
    const lines = range && { start: range.start.line, end: range.end.line };
    this.attached.add(this.places.follow(vscode.Uri.parse(uri), lines));
    await this.focus();
    if (question) {
      await this.chat.send(question);
    }
  }

  /** Begin a new conversation. */
  begin(): void {
    this.chat.begin();
    this.post({ type: 'focus' });
  }

  /** Let the user go back to a conversation, or have it forgotten. */
  history(): void {
    showHistory(this.chat, () => this.focus());
  }

  /** Open the conversation as a document. */
  async export(): Promise<void> {
    const content = await this.chat.markdown();
    if (content !== undefined) {
      const document = await vscode.workspace.openTextDocument({ content, language: 'markdown' });
      await vscode.window.showTextDocument(document);
      return;
    }
    const why = this.chat.current.turns.length
      ? 'The server was started anew: once you ask on, it knows the conversation again.'
      : 'Nothing was said yet.';
    void vscode.window.showInformationMessage(why);
  }

  dispose(): void {
    for (const disposable of this.disposables) {
      disposable.dispose();
    }
  }

  private async receive(message: FromPage): Promise<void> {
    switch (message.type) {
      case 'ready':
        return this.show();
      case 'send':
        return this.chat.send(message.text);
      case 'retry':
        return this.chat.retry();
      case 'stop':
        return this.chat.stop();
      case 'begin':
        return this.begin();
      case 'attach': {
        const editor = vscode.window.activeTextEditor;
        return editor && this.attach(editor);
      }
      case 'detach':
        return this.attached.remove(message.index);
      case 'copy':
        return vscode.env.clipboard.writeText(message.text);
      case 'insert':
        return insert(message.text);
      case 'compare':
        return this.proposals.show(this.chat.placesOf(message.turn), message.text);
    }
  }

  /** Add what is selected, or the whole document. */
  private attach(editor: vscode.TextEditor): void {
    this.attached.add(this.places.follow(editor.document.uri, selectedLines(editor)));
  }

  private async focus(): Promise<void> {
    await vscode.commands.executeCommand(`${VIEW}.focus`);
    this.post({ type: 'focus' });
  }

  private show(): void {
    this.post({ type: 'show', turns: this.chat.current.turns, attached: this.attached.labels });
  }

  private post(message: ToPage): void {
    void this.view?.webview.postMessage(message);
  }
}
