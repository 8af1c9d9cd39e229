/** The chat in the side bar: a page that draws, and the conversation behind it. */

import * as vscode from 'vscode';
import type { ChatContext } from '../protocol.ts';
import { Attached } from './attached.ts';
import type { Conversation, Turn } from './conversation.ts';
import { Conversations } from './conversations.ts';
import { showHistory } from './history.ts';
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
  private readonly conversations = new Conversations();
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

  /** Begin a new conversation; one can go back to the former. */
  begin(): void {
    this.conversations.go();
    this.attached.take();
    this.post({ type: 'focus' });
  }

  /** Let the user go back to a conversation, or have it forgotten. */
  async history(): Promise<void> {
    await vscode.commands.executeCommand(`${VIEW}.focus`);
    const go = (conversation: Conversation) => {
      this.conversations.go(conversation);
      this.show();
      this.post({ type: 'focus' });
    };
    showHistory(this.conversations, go, (conversation) => this.forget(conversation));
  }

  /** Open the conversation as a document. */
  async export(): Promise<void> {
    const conversation = this.questions.known(this.conversation.id);
    if (!conversation) {
      const why = this.conversation.turns.length
        ? 'The server was started anew: once you ask on, it knows the conversation again.'
        : 'Nothing was said yet.';
      void vscode.window.showInformationMessage(why);
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
        return this.conversation.stopping.abort();
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
    const { conversation } = this;
    if (conversation.isWriting || !text.trim()) {
      return;
    }
    const places = this.attached.take();
    this.concerned.set(conversation.ask(text, places.map(nameOf)), places);
    conversation.asked = { text, context: await Promise.all(places.map(contextOf)) };
    await this.answer(conversation, this.questionOf(conversation, conversation.asked));
  }

  /** Ask the last question again: the server, if it has it, else all that was asked. */
  private async retry(): Promise<void> {
    const { conversation } = this;
    const { asked, isKept, isWriting } = conversation;
    if (!asked || isWriting) {
      return;
    }
    conversation.again();
    const known = this.questions.known(conversation.id);
    await this.answer(
      conversation,
      known && isKept
        ? { command: 'retry', conversation: known }
        : this.questionOf(conversation, asked),
    );
  }

  /** Return what the server is asked; one that does not know the conversation is told it. */
  private questionOf(
    { id, said }: Conversation,
    asked: { text: string; context: ChatContext[] },
  ): Question {
    const conversation = this.questions.known(id);
    return { command: 'send', ...asked, conversation, history: conversation ? [] : said };
  }

  /** Show the answer while it is written, and what becomes of it. */
  private async answer(conversation: Conversation, question: Question): Promise<void> {
    const { signal } = conversation.stopping;
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
    if (!this.conversations.has(conversation)) {
      await this.forget(conversation);
    }
    this.show();
  }

  /** Forget a conversation; one that is being answered, once that has stopped. */
  private async forget(conversation: Conversation): Promise<void> {
    this.conversations.remove(conversation);
    this.show();
    const known = this.questions.known(conversation.id);
    if (conversation.isWriting) {
      conversation.stopping.abort();
    } else if (known) {
      await this.questions.clear(known);
    }
  }

  private get conversation(): Conversation {
    return this.conversations.current;
  }

  private show(): void {
    this.post({ type: 'show', turns: this.conversation.turns, attached: this.attached.labels });
  }

  private post(message: ToPage): void {
    void this.view?.webview.postMessage(message);
  }
}
