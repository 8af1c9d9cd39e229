/** The chat in the side bar: a page that draws, and the conversation behind it. */

import * as vscode from 'vscode';
import { ExecuteCommandRequest, type LanguageClient } from 'vscode-languageclient/node';
import { CHAT_DELTA, type ChatContext, type ChatDelta, type ChatReply } from '../protocol.ts';
import type { Server } from '../server.ts';
import { Attached } from './attached.ts';
import { Conversation } from './conversation.ts';
import { pageHtml } from './html.ts';
import type { FromPage, ToPage } from './messages.ts';

const VIEW = 'infill-ls.chat';

export class ChatView implements vscode.WebviewViewProvider, vscode.Disposable {
  private readonly extensionUri: vscode.Uri;
  private readonly server: Server;
  private readonly attached = new Attached();
  private readonly disposables: vscode.Disposable[];
  private conversation = new Conversation();
  /** Ends the question under way where the server has no name for it yet. */
  private asking: vscode.CancellationTokenSource | undefined;
  private view: vscode.WebviewView | undefined;

  constructor(extensionUri: vscode.Uri, server: Server) {
    this.extensionUri = extensionUri;
    this.server = server;
    this.disposables = [
      this.attached,
      this.attached.onDidChange(() => this.show()),
      vscode.window.registerWebviewViewProvider(VIEW, this),
      server.onWillStart((client) => this.listen(client)),
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
      this.attached.add(editor);
    }
    await vscode.commands.executeCommand(`${VIEW}.focus`);
    this.post({ type: 'focus' });
  }

  /** Open the chat about some code; ask a question about it, or let the user do so. */
  async about({ uri, range }: ChatContext, question?: string): Promise<void> {
    const lines = range && { start: range.start.line, end: range.end.line };
    this.attached.attach(vscode.Uri.parse(uri), lines);
    await vscode.commands.executeCommand(`${VIEW}.focus`);
    if (question) {
      await this.send(question);
    } else {
      this.post({ type: 'focus' });
    }
  }

  /** Begin a new conversation. */
  async clear(): Promise<void> {
    const former = this.conversation;
    this.conversation = new Conversation();
    this.asking?.cancel();
    this.attached.clear();
    if (former.id) {
      // The server forgets it with its process, if not now.
      await this.command('clear', { conversation: former.id }).catch(() => {});
    }
  }

  /** Open the conversation as a document. */
  async export(): Promise<void> {
    const { id } = this.conversation;
    if (!id) {
      void vscode.window.showInformationMessage('Nothing was said yet.');
      return;
    }
    const { markdown } = await this.command<{ markdown: string }>('export', { conversation: id });
    const document = { content: markdown, language: 'markdown' };
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(document));
  }

  dispose(): void {
    for (const disposable of this.disposables) {
      disposable.dispose();
    }
  }

  private listen(client: LanguageClient): void {
    this.conversation.forgotten();
    this.show();
    client.onNotification(CHAT_DELTA, ({ conversation, text }: ChatDelta) => {
      const current = this.conversation;
      const isOurs = current.isWriting && (current.id ?? conversation) === conversation;
      if (isOurs) {
        current.grow(conversation, text);
        this.post({ type: 'grow', text });
      }
    });
  }

  private async receive(message: FromPage): Promise<void> {
    switch (message.type) {
      case 'ready':
        return this.show();
      case 'send':
        return this.send(message.text);
      case 'retry':
        return this.retry();
      case 'stop':
        return this.stop();
      case 'clear':
        return this.clear();
      case 'attach': {
        const editor = vscode.window.activeTextEditor;
        return editor && this.attached.add(editor);
      }
      case 'detach':
        return this.attached.remove(message.index);
      case 'copy':
        return vscode.env.clipboard.writeText(message.text);
      case 'insert':
        return insert(message.text);
    }
  }

  private async send(text: string): Promise<void> {
    if (this.conversation.isWriting || !text.trim()) {
      return;
    }
    const { conversation } = this;
    conversation.ask(text, this.attached.labels);
    const context = await this.attached.contexts().catch(() => []);
    this.attached.clear();
    await this.answer('send', {
      text,
      context,
      ...(conversation.id && { conversation: conversation.id }),
    });
  }

  private async retry(): Promise<void> {
    const { id, turns } = this.conversation;
    const last = turns.at(-1);
    if (!last || this.conversation.isWriting) {
      return;
    }
    this.conversation.again();
    this.show();
    // A server that has never answered has no name for the conversation that we know of.
    const [name, argument] = id
      ? ['retry', { conversation: id }]
      : ['send', { text: last.question }];
    await this.answer(name as string, argument as object);
  }

  private async stop(): Promise<void> {
    const { id } = this.conversation;
    if (id) {
      await this.command('stop', { conversation: id });
    } else {
      this.asking?.cancel();
    }
  }

  /** Run a command that writes an answer, and show what becomes of it. */
  private async answer(name: string, argument: object): Promise<void> {
    const { conversation } = this;
    const asking = new vscode.CancellationTokenSource();
    this.asking = asking;
    this.show();
    try {
      conversation.end(await this.command<ChatReply>(name, argument, asking.token));
    } catch (error) {
      if (asking.token.isCancellationRequested) {
        conversation.stop();
      } else if (conversation.isWriting) {
        conversation.fail(error instanceof Error ? error.message : String(error));
      }
    }
    this.show();
  }

  private command<T>(name: string, argument: object, token?: vscode.CancellationToken): Promise<T> {
    const { client } = this.server;
    if (!client) {
      return Promise.reject(new Error('The server does not run.'));
    }
    const params = { command: `infill-ls.chat.${name}`, arguments: [argument] };
    return client.sendRequest(ExecuteCommandRequest.type, params, token);
  }

  private show(): void {
    this.post({ type: 'show', turns: this.conversation.turns, attached: this.attached.labels });
  }

  private post(message: ToPage): void {
    void this.view?.webview.postMessage(message);
  }
}

/** Put a text where the cursor is, in place of what is selected. */
async function insert(text: string): Promise<void> {
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
