/** `@infill` in VS Code's own chat: each of its chats is a conversation of the server. */

import * as vscode from 'vscode';
import { notesOf } from './conversation.ts';
import { type Code, contextOf, linesOf } from './places.ts';
import { conversationOf, type Questions, reasonOf } from './questions.ts';

/** What stays with an answer in the chat's history. */
interface Metadata {
  conversation: string | undefined;
}

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
  const conversation = questions.known(former);
  if (former && !conversation) {
    stream.markdown('*The server was started anew, and has forgotten what was said before.*\n\n');
  }
  try {
    const context = await Promise.all(codeOf(request).map(contextOf));
    const question = { command: 'send', text: request.prompt, context, conversation } as const;
    const grow = (piece: string) => stream.markdown(piece);
    const reply = await questions.ask(question, grow, stopping.signal);
    const notes = notesOf(reply);
    if (notes) {
      stream.markdown(`\n\n*${notes}*`);
    }
    return { metadata: { conversation: reply.conversation } };
  } catch (error) {
    const metadata = { conversation: conversationOf(error) ?? conversation };
    return token.isCancellationRequested
      ? { metadata }
      : { errorDetails: { message: reasonOf(error) }, metadata };
  } finally {
    listening.dispose();
  }
}

/** Return the conversation of the newest answer that has one: VS Code's own failures have none. */
function formerOf(history: vscode.ChatContext['history']): string | undefined {
  const answers = history.filter((turn) => turn instanceof vscode.ChatResponseTurn);
  return answers
    .map(({ result }) => (result.metadata as Metadata | undefined)?.conversation)
    .findLast((conversation) => conversation !== undefined);
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
