/**
 * Suggestions, each drawn as it grows.
 *
 * The server sends every longer state of an item while the model writes; VS Code asks a provider
 * once for a version and a place, and keeps what it was told. Asked explicitly a second time, it
 * draws the former text and inserts the newer one. But a provider that it has not yet asked there
 * it does ask, and puts the answer in place of what stands, in one step: so each longer state comes
 * from a provider of its own, and what is drawn is what Tab inserts.
 */

import * as vscode from 'vscode';
import {
  type InlineCompletionItem,
  type InlineCompletionList,
  InlineCompletionRequest,
  type LanguageClient,
  ProgressType,
} from 'vscode-languageclient/node';

type Items = vscode.InlineCompletionItem[] | vscode.InlineCompletionList | null;

const IS_GROWING = 'infill-ls.isGrowing';

/** One request, and the newest state of its answer. */
class Answer {
  items: Items = null;
  /** Once there is something to show, or nothing will come. */
  readonly begun: Promise<void>;
  private readonly document: vscode.TextDocument;
  private readonly version: number;
  private readonly position: vscode.Position;
  private readonly cancelling = new vscode.CancellationTokenSource();

  constructor(document: vscode.TextDocument, position: vscode.Position) {
    this.document = document;
    this.version = document.version;
    this.position = position;
    this.begun = new Promise((resolve) => {
      this.begin = resolve;
    });
  }

  private begin: () => void = () => {};

  /** Ask the server; `grew` is called for each state after the first. */
  async ask(
    client: LanguageClient,
    context: vscode.InlineCompletionContext,
    grew: () => void,
  ): Promise<void> {
    let states = 0;
    const take = async (answer: InlineCompletionList | InlineCompletionItem[] | null) => {
      this.items = (await client.protocol2CodeConverter.asInlineCompletionResult(answer)) ?? null;
      states += 1;
      if (states === 1) {
        this.begin();
      } else {
        grew();
      }
    };
    const token = crypto.randomUUID();
    const listening = client.onProgress(new ProgressType<InlineCompletionItem[]>(), token, take);
    const { document, position } = this;
    const params = client.code2ProtocolConverter.asInlineCompletionParams(
      document,
      position,
      context,
    );
    try {
      const request = { ...params, partialResultToken: token };
      await take(
        await client.sendRequest(InlineCompletionRequest.type, request, this.cancelling.token),
      );
    } catch {
      // Cancelled, or the server has ended; what is wrong with a host is told by the status.
    } finally {
      listening.dispose();
      this.begin();
    }
  }

  /** Tell whether it answers what is asked for in a document, as that is now, at a place. */
  isFor(document: vscode.TextDocument, position: vscode.Position): boolean {
    return (
      document === this.document &&
      document.version === this.version &&
      position.isEqual(this.position)
    );
  }

  /** Tell whether the cursor is where it was asked for. */
  isAtCursor(): boolean {
    const editor = vscode.window.activeTextEditor;
    return (
      editor?.selection.isEmpty === true && this.isFor(editor.document, editor.selection.active)
    );
  }

  cancel(): void {
    this.cancelling.cancel();
  }
}

export class Suggestions implements vscode.Disposable {
  private readonly extension: string;
  private readonly client: () => LanguageClient | undefined;
  private readonly isPaused: () => boolean;
  private newest: Answer | undefined;
  private longer: vscode.Disposable | undefined;

  constructor(
    extension: vscode.Extension<unknown>,
    client: () => LanguageClient | undefined,
    isPaused: () => boolean,
  ) {
    this.extension = extension.id;
    this.client = client;
    this.isPaused = isPaused;
  }

  /** Answer VS Code, as a middleware of the language client. */
  async provide(
    document: vscode.TextDocument,
    position: vscode.Position,
    context: vscode.InlineCompletionContext,
    token: vscode.CancellationToken,
  ): Promise<Items> {
    const client = this.client();
    const isAutomatic = context.triggerKind === vscode.InlineCompletionTriggerKind.Automatic;
    if (!client || (isAutomatic && this.isPaused())) {
      return null;
    }
    const former = this.newest;
    const answer = new Answer(document, position);
    this.newest = answer;
    setGrowing(true);
    answer
      .ask(client, context, () => this.redraw(answer))
      .finally(() => {
        if (this.newest === answer) {
          setGrowing(false);
        }
      });
    // After the new request, so that the server can let it join the former one.
    former?.cancel();
    const cancelled = new Promise<void>((resolve) =>
      token.onCancellationRequested(() => resolve()),
    );
    await Promise.race([answer.begun, cancelled]);
    if (token.isCancellationRequested) {
      answer.cancel();
    }
    return answer.items;
  }

  /** Take back what is suggested, and draw no more of it. */
  async dismiss(): Promise<void> {
    this.newest?.cancel();
    this.newest = undefined;
    setGrowing(false);
    await vscode.commands.executeCommand('editor.action.inlineSuggest.hide');
  }

  /** Have VS Code ask once more, where the cursor is now. */
  async suggest(): Promise<void> {
    // It asks the provider that came last, and this one has nothing for another place.
    this.longer?.dispose();
    this.longer = undefined;
    await this.trigger();
  }

  dispose(): void {
    this.newest?.cancel();
    this.longer?.dispose();
  }

  private async redraw(answer: Answer): Promise<void> {
    if (answer !== this.newest || !answer.isAtCursor()) {
      return;
    }
    const former = this.longer;
    this.longer = vscode.languages.registerInlineCompletionItemProvider(SERVED, {
      provideInlineCompletionItems: (document, position, context) => {
        const isOurs = context.triggerKind === vscode.InlineCompletionTriggerKind.Automatic;
        return isOurs && answer.isFor(document, position) ? answer.items : null;
      },
    });
    former?.dispose();
    await this.trigger();
  }

  private async trigger(): Promise<void> {
    await vscode.commands.executeCommand('editor.action.inlineSuggest.trigger', {
      providerId: `${this.extension}:*`,
      explicit: false,
    });
  }
}

/** What people write: files, what has none yet, and cells. Not what other extensions show. */
export const SERVED = ['file', 'untitled', 'vscode-notebook-cell'].map((scheme) => ({ scheme }));

function setGrowing(isGrowing: boolean): void {
  vscode.commands.executeCommand('setContext', IS_GROWING, isGrowing);
}
