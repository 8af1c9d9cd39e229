/** Switches the model that is asked for completions. */

import * as vscode from 'vscode';
import type { LanguageClient } from 'vscode-languageclient/node';
import { reasonOf } from './chat/questions.ts';

/** What `infill-ls.models` answers. */
interface Models {
  /** As it is set, wherever that is. */
  model: string | null;
  models: string[];
}

const ANOTHER = 'Another…';

/** Have the user choose a model of the host, or name one; the setting says so from then on. */
export async function switchModel(client: LanguageClient | undefined): Promise<void> {
  const name = await choose(client);
  if (name !== undefined) {
    await vscode.workspace
      .getConfiguration('infill-ls')
      .update('backend.model', name.trim() || undefined, vscode.ConfigurationTarget.Global);
  }
}

async function choose(client: LanguageClient | undefined): Promise<string | undefined> {
  let [model, why] = ['', 'The host names no model.'];
  try {
    const told = await ask(client);
    model = told.model ?? '';
    if (told.models.length > 0) {
      const chosen = await pick(told.models, model);
      if (chosen !== ANOTHER) {
        return chosen;
      }
      why = '';
    }
  } catch (error) {
    why = `${reasonOf(error)}.`;
  }
  return vscode.window.showInputBox({
    title: 'Switch Model',
    value: model,
    prompt: `${why} A name, or the path of a GGUF file for the embedded model; nothing for the host's own.`,
  });
}

async function ask(client: LanguageClient | undefined): Promise<Models> {
  if (!client) {
    throw new Error('The server does not run');
  }
  return vscode.window.withProgress(
    { location: vscode.ProgressLocation.Window, title: 'infill-ls: asking for the models' },
    () => client.sendRequest('workspace/executeCommand', { command: 'infill-ls.models' }),
  );
}

async function pick(models: string[], model: string): Promise<string | undefined> {
  const items = [...models, ANOTHER].map((label) => ({
    label,
    description: label === model ? 'as it is set' : '',
  }));
  const placeHolder = 'Which model is to fill in code?';
  return (await vscode.window.showQuickPick(items, { title: 'Switch Model', placeHolder }))?.label;
}
