/** Code of an answer beside the code that it would replace: a diff, which can be applied. */

import * as vscode from 'vscode';
import { nameOf, type Place, type Places, selectedLines } from './places.ts';

/** Of the documents that show what a change would make of others. */
const SCHEME = 'infill-ls-proposal';

interface Proposal {
  place: Place;
  code: string;
}

export class Proposals implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly changing = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changing.event;
  private readonly places: Places;
  private readonly disposables: vscode.Disposable[];
  /** By the address of the document that shows it. */
  private readonly proposals = new Map<string, Proposal>();
  private count = 0;

  constructor(places: Places) {
    this.places = places;
    this.disposables = [
      this.changing,
      vscode.workspace.registerTextDocumentContentProvider(SCHEME, this),
      vscode.workspace.onDidChangeTextDocument(({ document }) => this.follow(document.uri)),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => this.proposals.delete(uri.toString())),
    ];
  }

  /** Show what code would make of one of the places or, if there is none, of the selection. */
  async show(places: readonly Place[], code: string): Promise<void> {
    const place = await this.choose(places.filter(({ isGone }) => !isGone));
    if (place) {
      this.count += 1;
      const uri = place.uri.with({ scheme: SCHEME, query: String(this.count) });
      this.proposals.set(uri.toString(), { place, code });
      const title = `${nameOf(place)} ↔ Answer`;
      await vscode.commands.executeCommand('vscode.diff', place.uri, uri, title);
    }
  }

  /** Make the change that the diff in front shows. */
  async apply(): Promise<void> {
    const tab = vscode.window.tabGroups.activeTabGroup.activeTab;
    const shown = tab?.input instanceof vscode.TabInputTextDiff && tab.input.modified.toString();
    const proposal = shown && this.proposals.get(shown);
    if (!tab || !proposal) {
      return;
    }
    const document = await vscode.workspace.openTextDocument(proposal.place.uri);
    const { range, text } = changeOf(document, proposal);
    const edit = new vscode.WorkspaceEdit();
    edit.replace(document.uri, range, text);
    await vscode.workspace.applyEdit(edit);
    await vscode.window.tabGroups.close(tab);
    const selection = new vscode.Range(range.start, range.start);
    await vscode.window.showTextDocument(document, { selection });
  }

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    const proposal = this.proposals.get(uri.toString());
    if (!proposal) {
      return '';
    }
    const document = await vscode.workspace.openTextDocument(proposal.place.uri);
    const whole = document.getText();
    const { range, text } = changeOf(document, proposal);
    const [start, end] = [document.offsetAt(range.start), document.offsetAt(range.end)];
    return whole.slice(0, start) + text + whole.slice(end);
  }

  dispose(): void {
    for (const disposable of this.disposables) {
      disposable.dispose();
    }
  }

  private async choose(places: readonly Place[]): Promise<Place | undefined> {
    const editor = vscode.window.activeTextEditor;
    const lines = editor && selectedLines(editor);
    if (places.length > 1) {
      const choices = places.map((place) => ({ label: nameOf(place), place }));
      const title = 'Which code would this replace?';
      return (await vscode.window.showQuickPick(choices, { title }))?.place;
    }
    if (places.length === 0 && editor && lines) {
      return this.places.follow(editor.document.uri, lines);
    }
    if (places.length === 0) {
      const what = 'Select the code that this would replace, or add it to the question.';
      void vscode.window.showInformationMessage(what);
    }
    return places[0];
  }

  private follow(uri: vscode.Uri): void {
    for (const [shown, { place }] of this.proposals) {
      if (place.uri.toString() === uri.toString()) {
        this.changing.fire(vscode.Uri.parse(shown));
      }
    }
  }
}

/** Return what is replaced, and by what: the last line ends, or does not, as it did before. */
function changeOf(
  document: vscode.TextDocument,
  { place, code }: Proposal,
): { range: vscode.Range; text: string } {
  const { start, end } = place.lines ?? { start: 0, end: document.lineCount };
  const range = document.validateRange(new vscode.Range(start, 0, end + 1, 0));
  const isLastLine = range.end.character > 0;
  return { range, text: isLastLine ? code.replace(/\n$/, '') : code };
}
