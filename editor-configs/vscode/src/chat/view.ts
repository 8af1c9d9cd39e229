/** The chat in the side bar: a page that draws, and the conversation behind it. */

import * as vscode from 'vscode';
import type { ChatContext } from '../protocol.ts';
import { Attached } from './attached.ts';
import { Conversation, type Turn } from './conversation.ts';
import { pageHtml } from './html.ts';
import { insert } from './insert.ts';
import type { FromPage, ToPage } from './messages.ts';
import { contextOf, nameOf, type Place, type Places, selectedLines } from './places.ts';
import type { Proposals } from './proposals.ts';
import { conversationOf, type Question, type Questions, reasonOf } from './questions.ts';

const VIEW = 'infill-ls.chat';

export class ChatView implements vscode.WebviewViewProvider, vscode.Disposable {
  private readonly extensionUri: vscode.Uri;
  private readonly questions: Questions;
  private readonly places: Places;
  private readonly proposals: Proposals;
  private readonly attached: Attached;
  /** The code that went with each question. */
  private readonly concerned = new WeakMap<Turn, Place[]>();
  private readonly disposables: vscode.Disposable[];
  private conversation = new Conversation();
  /** What was asked last, and what stops the answer. */
  private asked: { text: string; context: ChatContext[] } | undefined;
  private asking = new AbortController();
  private view: vscode.WebviewView | undefined;

  constructor(
    extensionUri: vscode.Uri,
    questions: Questions,
    places: Places,
    proposals: Proposals,
  ) {
    this.extensionUri = extensionUri;
    this.questions = questions;
    this.places = places;
    this.proposals = proposals;
    this.attached = new Attached(places);
    this.disposables = [
      this.attached,
      this.attached.onDidChange(() => this.show()),
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
    await vscode.commands.executeCommand(`${VIEW}.focus`);
    this.post({ type: 'focus' });
  }

  /** Open the chat about some code; ask a question about it, or let the user do so. */
  async about({ uri, range }: ChatContext, question?: string): Promise<void> {
    const lines = range && { start: range.start.line, end: range.end.line };
    this.attached.add(this.places.follow(vscode.Uri.parse(uri), lines));
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
    this.asked = undefined;
    this.attached.take();
    if (former.isWriting) {
      this.asking.abort();
    } else {
      await this.forget(former);
    }
  }

  /** Open the conversation as a document. */
  async export(): Promise<void> {
    const { known: conversation } = this;
    if (!conversation) {
      void vscode.window.showInformationMessage('Nothing was said yet.');
      return;
    }
    const { markdown } = await this.questions.run<{ markdown: string }>('export', { conversation });
    const document = { content: markdown, language: 'markdown' };
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(document));
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
        return this.send(message.text);
      case 'retry':
        return this.retry();
      case 'stop':
        return this.asking.abort();
      case 'clear':
        return this.clear();
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
        return this.proposals.show(this.placesOf(message.turn), message.text);
    }
  }

  /** Add what is selected, or the whole document. */
  private attach(editor: vscode.TextEditor): void {
    this.attached.add(this.places.follow(editor.document.uri, selectedLines(editor)));
  }

  /** Return the code that an answer is about: what went with its question, or with one before. */
  private placesOf(turn: number): Place[] {
    const turns = this.conversation.turns.slice(0, turn + 1);
    return (
      turns.map((each) => this.concerned.get(each) ?? []).findLast(({ length }) => length) ?? []
    );
  }

  private async send(text: string): Promise<void> {
    if (this.conversation.isWriting || !text.trim()) {
      return;
    }
    const { conversation, signal } = this.begin();
    const places = this.attached.take();
    this.concerned.set(conversation.ask(text, places.map(nameOf)), places);
    const context = await Promise.all(places.map(contextOf));
    this.asked = { text, context };
    const question: Question = { command: 'send', ...this.asked, conversation: this.known };
    await this.answer(conversation, question, signal);
  }

  /** Ask the last question again: the server, if it has it, else all that was asked. */
  private async retry(): Promise<void> {
    if (!this.asked || this.conversation.isWriting) {
      return;
    }
    const { conversation, signal } = this.begin();
    conversation.again();
    const { known } = this;
    const question: Question =
      known && conversation.isKept
        ? { command: 'retry', conversation: known }
        : { command: 'send', ...this.asked, conversation: known };
    await this.answer(conversation, question, signal);
  }

  private begin(): { conversation: Conversation; signal: AbortSignal } {
    this.asking = new AbortController();
    return { conversation: this.conversation, signal: this.asking.signal };
  }

  /** Show the answer while it is written, and what becomes of it. */
  private async answer(
    conversation: Conversation,
    question: Question,
    signal: AbortSignal,
  ): Promise<void> {
    const grow = (text: string) => {
      conversation.grow(text);
      if (conversation === this.conversation) {
        this.post({ type: 'grow', text });
      }
    };
    this.show();
    try {
      conversation.end(await this.questions.ask(question, grow, signal));
    } catch (error) {
      if (signal.aborted) {
        conversation.stop();
      } else {
        conversation.fail(reasonOf(error), conversationOf(error));
      }
    }
    if (conversation !== this.conversation) {
      await this.forget(conversation);
    }
    this.show();
  }

  /** The conversation's name, if the server has one for it. */
  private get known(): string | undefined {
    return this.questions.known(this.conversation.id);
  }

  private async forget({ id }: Conversation): Promise<void> {
    const conversation = this.questions.known(id);
    if (conversation) {
      await this.questions.clear(conversation);
    }
  }

  private show(): void {
    this.post({ type: 'show', turns: this.conversation.turns, attached: this.attached.labels });
  }

  private post(message: ToPage): void {
    void this.view?.webview.postMessage(message);
  }
}
