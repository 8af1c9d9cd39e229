/** Wires VS Code to the server; what to suggest, and when, is the server's work. */

import * as vscode from 'vscode';
import { Attached } from './chat/attached.ts';
import { Chat } from './chat/chat.ts';
import { takePart } from './chat/participant.ts';
import { Places } from './chat/places.ts';
import { Proposals } from './chat/proposals.ts';
import { Questions } from './chat/questions.ts';
import { ChatView } from './chat/view.ts';
import { keepCursor } from './cursor.ts';
import { Doctor } from './doctor.ts';
import { install, offerInstallation } from './install.ts';
import { showMenu, toggleLanguage } from './menu.ts';
import { switchModel } from './model.ts';
import { Pause } from './pause.ts';
import type { ChatContext } from './protocol.ts';
import { tellWhereCursorRests } from './rests.ts';
import { Server } from './server.ts';
import { StatusItem } from './status.ts';
import { Tokens } from './token.ts';

let server: Server | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const log = vscode.window.createOutputChannel('infill-ls', { log: true });
  const doctor = new Doctor();
  const pause = new Pause();
  const status = new StatusItem(pause);
  const tokens = new Tokens(context.secrets);
  const running = new Server(context, log, tokens, pause);
  const questions = new Questions(() => running.client);
  const places = new Places();
  const proposals = new Proposals(places);
  const attached = new Attached(places);
  const chat = new Chat(questions, attached);
  const view = new ChatView(context.extensionUri, chat, attached, places, proposals);
  server = running;

  const restart = () => running.restart();
  const setPause = (change: () => void) => {
    change();
    status.draw();
  };
  const commands: Record<string, (...args: never[]) => unknown> = {
    menu: () => showMenu(status.sentence, pause),
    restart,
    showLog: () => log.show(),
    doctor: async () => {
      if (running.program) {
        await doctor.show(running.program, await running.settings());
      }
    },
    switchModel: () => switchModel(running.client),
    install: async () => (await install(context, log)) && restart(),
    logIn: async () => (await tokens.logIn(running.options)) && restart(),
    logOut: async () => (await tokens.logOut(running.options)) && restart(),
    pause: (minutes = Number.POSITIVE_INFINITY) => setPause(() => pause.begin(minutes)),
    resume: () => setPause(() => pause.resume()),
    toggleLanguage: (language = vscode.window.activeTextEditor?.document.languageId) =>
      language && toggleLanguage(language),
    dismiss: () => running.suggestions.dismiss(),
    ask: () => view.ask(),
    newChat: () => view.begin(),
    chatHistory: () => view.history(),
    exportChat: () => view.export(),
    applyProposal: () => proposals.apply(),
  };
  // What code actions of the server come to; it is no command for people.
  const about = (code: ChatContext, question?: string) => view.about(code, question);
  context.subscriptions.push(
    log,
    doctor,
    status,
    running,
    places,
    proposals,
    attached,
    chat,
    view,
    ...takePart(questions),
    running.onWillStart((client) => questions.listen(client)),
    running.onDidChangeState((state) => status.update(state)),
    tellWhereCursorRests(() => running.client),
    keepCursor(() => running.suggestions.suggest()),
    ...Object.entries(commands).map(([name, run]) =>
      vscode.commands.registerCommand(`infill-ls.${name}`, run),
    ),
    vscode.commands.registerCommand('infill-ls.chat.ask', about),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (running.needsRestart(change)) {
        void restart();
      }
    }),
    // A folder's own virtual environment may hold the server.
    vscode.workspace.onDidGrantWorkspaceTrust(() => !running.client && void restart()),
  );

  if (!running.program) {
    void askForProgram(context, log).then((isThere) => (isThere ? restart() : undefined));
  }
  await restart();
}

export async function deactivate(): Promise<void> {
  await server?.stop();
}

/** Have the user see to it that there is a server; tell whether there is one now. */
async function askForProgram(
  context: vscode.ExtensionContext,
  log: vscode.LogOutputChannel,
): Promise<boolean> {
  const path = vscode.workspace.getConfiguration('infill-ls').get('path', '');
  if (!path) {
    return offerInstallation(context, log);
  }
  const what = `infill-ls: ${path}, of the setting infill-ls.path, is no program`;
  void vscode.window.showErrorMessage(what);
  return false;
}
