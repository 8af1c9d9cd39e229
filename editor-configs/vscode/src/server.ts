/** The server of one window: started, told the settings, and started anew. */

import * as os from 'node:os';
import * as vscode from 'vscode';
import {
  type ClientCapabilities,
  type FeatureState,
  LanguageClient,
  State as Running,
  type StaticFeature,
} from 'vscode-languageclient/node';
import { type State, WELL } from './appearance.ts';
import { SERVED, Suggestions } from './inline.ts';
import { ownVenv } from './install.ts';
import { locate } from './locate.ts';
import type { Pause } from './pause.ts';
import { STATUS, type Status } from './protocol.ts';
import {
  configuration,
  type Declared,
  type Inspected,
  initializationOptions,
  type Tree,
  withTokens,
} from './settings.ts';
import type { Tokens } from './token.ts';

export class Server implements vscode.Disposable {
  readonly suggestions: Suggestions;
  private readonly context: vscode.ExtensionContext;
  private readonly log: vscode.LogOutputChannel;
  private readonly tokens: Tokens;
  private readonly declared: Record<string, Declared>;
  private readonly changing = new vscode.EventEmitter<State>();
  private readonly starting = new vscode.EventEmitter<LanguageClient>();
  /** Told how the server is, whenever that changes. */
  readonly onDidChangeState = this.changing.event;
  /** Told of each new client, before it starts. */
  readonly onWillStart = this.starting.event;
  private current: LanguageClient | undefined;
  /** The restart under way, after which another one may be wanted. */
  private restarting: Promise<void> = Promise.resolve();
  private wanted = 0;

  constructor(
    context: vscode.ExtensionContext,
    log: vscode.LogOutputChannel,
    tokens: Tokens,
    pause: Pause,
  ) {
    this.context = context;
    this.log = log;
    this.tokens = tokens;
    this.declared = context.extension.packageJSON.contributes.configuration.properties;
    this.suggestions = new Suggestions(
      context.extension,
      () => this.client,
      () => pause.isOn,
    );
  }

  /** The client, while it runs. */
  get client(): LanguageClient | undefined {
    return this.current?.isRunning() ? this.current : undefined;
  }

  /** The server's program, or undefined where there is none. */
  get program(): string | undefined {
    const folders = vscode.workspace.isTrusted ? (vscode.workspace.workspaceFolders ?? []) : [];
    return locate({
      setting: vscode.workspace.getConfiguration('infill-ls').get('path', ''),
      searchPath: process.env.PATH ?? '',
      home: os.homedir(),
      trustedFolders: folders.map(({ uri }) => uri.fsPath),
      ownVenv: ownVenv(this.context),
    });
  }

  /** What decides where code goes, without tokens. */
  get options(): Tree {
    return initializationOptions(this.declared, inspect);
  }

  /** All that is set, tokens included. */
  async settings(): Promise<Tree> {
    const options = withTokens(this.options, await this.tokens.of(this.options));
    return { ...options, ...configuration(this.declared, inspect) };
  }

  /** Start the server, or start it anew; what is wanted meanwhile is done once. */
  restart(): Promise<void> {
    this.wanted += 1;
    const mine = this.wanted;
    this.restarting = this.restarting.then(async () => {
      if (mine === this.wanted) {
        await this.stop();
        await this.start();
      }
    });
    return this.restarting;
  }

  /** Tell whether a change of the configuration needs another start. */
  needsRestart(change: vscode.ConfigurationChangeEvent): boolean {
    const keys = Object.entries(this.declared).filter(([, { scope }]) => scope === 'machine');
    return keys.some(([key]) => change.affectsConfiguration(key));
  }

  async stop(): Promise<void> {
    const former = this.current;
    this.current = undefined;
    // Not there any more, or never started.
    await former?.dispose().catch((error) => this.log.info(String(error)));
  }

  dispose(): void {
    this.suggestions.dispose();
    this.changing.dispose();
    this.starting.dispose();
  }

  private async start(): Promise<void> {
    const { program } = this;
    if (!program) {
      this.changing.fire({ kind: 'missing' });
      return;
    }
    this.changing.fire({ kind: 'starting' });
    const options = this.options;
    const client: LanguageClient = new LanguageClient(
      'infill-ls',
      'infill-ls',
      { command: program },
      {
        documentSelector: SERVED,
        outputChannel: this.log,
        initializationOptions: withTokens(options, await this.tokens.of(options)),
        // The server asks for its section when this has changed.
        synchronize: { configurationSection: 'infill-ls' },
        middleware: {
          provideInlineCompletionItems: (document, position, context, token) =>
            this.suggestions.provide(document, position, context, token),
          workspace: {
            // Only what is set: a default of ours would hide what the user's own file says.
            configuration: ({ items }) => items.map(() => configuration(this.declared, inspect)),
            // The server asks for what it wants; a client that is ending tells nobody anything, and
            // would complain of that to the user.
            didChangeConfiguration: async () => {
              const told = { settings: null };
              await this.client
                ?.sendNotification('workspace/didChangeConfiguration', told)
                .catch(() => {});
            },
          },
        },
      },
    );
    this.current = client;
    client.registerFeature(new TalksFeature());
    client.onNotification(STATUS, (status: Status) => {
      this.changing.fire({ kind: 'running', status });
    });
    client.onDidChangeState(({ newState }) => {
      if (client === this.current && newState === Running.Stopped) {
        this.changing.fire({ kind: 'stopped' });
      }
    });
    this.starting.fire(client);
    try {
      await client.start();
      this.changing.fire({ kind: 'running', status: WELL });
    } catch (error) {
      this.log.error(String(error));
      this.changing.fire({ kind: 'stopped' });
    }
  }
}

/** Says that there is a chat, so that code actions come to it. */
class TalksFeature implements StaticFeature {
  fillClientCapabilities(capabilities: ClientCapabilities): void {
    capabilities.experimental = { ...capabilities.experimental, infillLsChat: true };
  }

  initialize(): void {}

  getState(): FeatureState {
    return { kind: 'static' };
  }

  clear(): void {}
}

function inspect(key: string): Inspected | undefined {
  return vscode.workspace.getConfiguration().inspect(key);
}
