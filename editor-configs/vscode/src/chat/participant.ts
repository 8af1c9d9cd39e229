/**
 * `@infill` in VS Code's own chat: each of its chats is a conversation of the server.
 *
 * VS Code has the last word on what was said: who asks anew, or edits a question, takes back what
 * comes after it.
 */

import * as vscode from 'vscode';
import type { Said } from '../protocol.ts';
import { notesOf } from './conversation.ts';
import { type Code, contextOf, linesOf } from './places.ts';
import { conversationOf, type Question, type Questions, reasonOf } from './questions.ts';

/** What stays with an answer in the chat's history. */
interface Metadata {
  conversation: string | undefined;
  /** How many questions the server has kept of it, this one among them. */
  turns: number;
}

const NOTHING: Metadata = { conversation: undefined, turns: 0 };

/** Take part in VS Code's chat, where there is one. */
export function takePart(questions: Questions): vscode.Disposable[] {
  if (!vscode.chat?.createChatParticipant) {
    return [];
  }
  const participant = vscode.chat.createChatParticipant('infill-ls.infill', (...asked) =>
    answerWith(questions, ...asked),
  );
  participant.iconPath = new vscode.ThemeIcon('comment-discussion');
  return [participant];
}

async function answerWith(
  questions: Questions,
  request: vscode.ChatRequest,
  { history }: vscode.ChatContext,
  stream: vscode.ChatResponseStream,
  token: vscode.CancellationToken,
): Promise<vscode.ChatResult & { metadata: Metadata }> {
  const stopping = new AbortController();
  const listening = token.onCancellationRequested(() => stopping.abort());
  const former = formerOf(history);
  const conversation = questions.known(former.conversation);
  const said = conversation ? [] : saidIn(history);
  const turns = conversation ? former.turns : said.length;
  try {
    const context = await Promise.all(codeOf(request).map(contextOf));
    const text = request.prompt;
    const question: Question = {
      command: 'send',
      text,
      context,
      ...(conversation ? { conversation, turns } : { history: said }),
    };
    const grow = (piece: string) => stream.markdown(piece);
    const reply = await questions.ask(question, grow, stopping.signal);
    const notes = notesOf(reply);
    if (notes) {
      stream.markdown(`\n\n*${notes}*`);
    }
    return { metadata: { conversation: reply.conversation, turns: reply.message + 1 } };
  } catch (error) {
    const kept = conversationOf(error);
    const metadata = kept ? { conversation: kept, turns: turns + 1 } : { conversation, turns };
    return token.isCancellationRequested
      ? { metadata }
      : { errorDetails: { message: reasonOf(error) }, metadata };
  } finally {
    listening.dispose();
  }
}

/** Return what the newest answer that has a conversation says of it: VS Code's failures have none. */
function formerOf(history: vscode.ChatContext['history']): Metadata {
  const answers = history.filter((turn) => turn instanceof vscode.ChatResponseTurn);
  return (
    answers
      .map(({ result }) => result.metadata as Metadata | undefined)
      .findLast((metadata) => metadata?.conversation !== undefined) ?? NOTHING
  );
}

/** Return what was asked and answered. */
function saidIn(history: vscode.ChatContext['history']): Said[] {
  return history.flatMap((turn, index) => {
    const next = history[index + 1];
    if (!(turn instanceof vscode.ChatRequestTurn && next instanceof vscode.ChatResponseTurn)) {
      return [];
    }
    const answer = next.response
      .map((part) => (part instanceof vscode.ChatResponseMarkdownPart ? part.value.value : ''))
      .join('');
    return answer ? [{ text: turn.prompt, answer }] : [];
  });
}

/** Return the code that goes along, in the order of the question; other references are passed over. */
function codeOf({ references }: vscode.ChatRequest): Code[] {
  return references.toReversed().flatMap(({ value }): Code[] => {
    if (value instanceof vscode.Uri) {
      return [{ uri: value, lines: undefined }];
    }
    return value instanceof vscode.Location
      ? [{ uri: value.uri, lines: linesOf(value.range) }]
      : [];
  });
}
