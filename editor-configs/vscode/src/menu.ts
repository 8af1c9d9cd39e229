/** What can be done about the server, in one list. */

import * as vscode from 'vscode';
import type { Pause } from './pause.ts';

interface Choice extends vscode.QuickPickItem {
  command?: string;
  arguments?: unknown[];
}

/** Show the list under a sentence, and do what is chosen. */
export async function showMenu(sentence: string, pause: Pause): Promise<void> {
  const language = vscode.window.activeTextEditor?.document.languageId;
  const choices: Choice[] = [
    ...(pause.isOn
      ? [{ label: '$(play) Resume Suggestions', command: 'infill-ls.resume' }]
      : [
          {
            label: '$(debug-pause) Pause Suggestions for an Hour',
            command: 'infill-ls.pause',
            arguments: [60],
          },
          { label: '$(debug-pause) Pause Suggestions', command: 'infill-ls.pause' },
        ]),
    ...(language ? [languageChoice(language)] : []),
    { label: '', kind: vscode.QuickPickItemKind.Separator },
    { label: '$(comment-discussion) Chat', command: 'infill-ls.ask' },
    {
      label: '$(pulse) Run the Doctor',
      command: 'infill-ls.doctor',
      detail: 'What is configured, whether it works, and what to do if not',
    },
    {
      label: '$(arrow-swap) Switch Model',
      command: 'infill-ls.switchModel',
      detail: 'What the host has, or another one by its name',
    },
    {
      label: '$(key) Log In',
      command: 'infill-ls.logIn',
      detail: 'Give a token for the host of the model',
    },
    {
      label: '$(settings-gear) Settings',
      command: 'workbench.action.openSettings',
      arguments: ['@ext:infill-ls.infill-ls'],
    },
    { label: '$(output) Show Log', command: 'infill-ls.showLog' },
    { label: '$(debug-restart) Restart the Server', command: 'infill-ls.restart' },
  ];
  const choice = await vscode.window.showQuickPick(choices, {
    title: 'infill-ls',
    placeHolder: sentence,
  });
  if (choice?.command) {
    await vscode.commands.executeCommand(choice.command, ...(choice.arguments ?? []));
  }
}

function languageChoice(language: string): Choice {
  const verb = disabledLanguages().includes(language) ? 'Resume' : 'Pause';
  const icon = verb === 'Resume' ? '$(play)' : '$(debug-pause)';
  return {
    label: `${icon} ${verb} Suggestions in Files of the Language ${language}`,
    command: 'infill-ls.toggleLanguage',
    arguments: [language],
  };
}

/** Have nothing suggested while one types in a language, or have it again. */
export async function toggleLanguage(language: string): Promise<void> {
  const others = disabledLanguages().filter((each) => each !== language);
  const languages = others.length < disabledLanguages().length ? others : [...others, language];
  await vscode.workspace
    .getConfiguration('infill-ls')
    .update('completion.disabledLanguages', languages, vscode.ConfigurationTarget.Global);
}

function disabledLanguages(): readonly string[] {
  return vscode.workspace.getConfiguration('infill-ls').get('completion.disabledLanguages', []);
}
