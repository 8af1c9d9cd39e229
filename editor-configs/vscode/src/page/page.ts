/** Draws the conversation, and tells the extension what the user does. */

import type { Turn } from '../chat/conversation.ts';
import type { FromPage, Shown, ToPage } from '../chat/messages.ts';
import { button, element, fill, messageOf } from './element.ts';
import { toHtml } from './markdown.ts';

/** What is typed already; VS Code keeps it while it shows another view in place of the page. */
interface Draft {
  question: string;
}

declare function acquireVsCodeApi(): {
  postMessage(message: FromPage): void;
  getState(): Draft | undefined;
  setState(draft: Draft): void;
};

const vscode = acquireVsCodeApi();
const tell = (message: FromPage) => vscode.postMessage(message);

const turns = byId('turns', HTMLElement);
const attached = byId('attached', HTMLUListElement);
const question = byId('question', HTMLTextAreaElement);
const send = byId('send', HTMLButtonElement);
const stop = byId('stop', HTMLButtonElement);

let shown: Turn[] = [];
let isDrawing = false;

const keepDraft = () => vscode.setState({ question: question.value });
question.value = vscode.getState()?.question ?? '';
question.oninput = keepDraft;
byId('form', HTMLFormElement).onsubmit = (event) => {
  event.preventDefault();
  const text = question.value;
  if (text.trim() && !send.disabled) {
    question.value = '';
    keepDraft();
    tell({ type: 'send', text });
  }
};
document.onclick = ({ target }) => {
  const message = messageOf(target);
  if (message) {
    tell(message);
  }
};
document.onkeydown = (event) => {
  if (event.key === 'Escape' && !stop.hidden) {
    tell({ type: 'stop' });
  } else if (
    event.target === question &&
    event.key === 'Enter' &&
    !event.shiftKey &&
    // Enter also takes what an input method suggests.
    !event.isComposing
  ) {
    event.preventDefault();
    send.click();
  }
};
window.addEventListener('message', ({ data }: MessageEvent<ToPage>) => receive(data));
tell({ type: 'ready' });

function receive(message: ToPage): void {
  switch (message.type) {
    case 'show':
      draw(message);
      break;
    case 'grow': {
      const last = shown.at(-1);
      if (last) {
        last.answer += message.text;
        drawAnswerSoon();
      }
      break;
    }
    case 'focus':
      question.focus();
      break;
  }
}

function draw(message: Shown): void {
  const isFollowed = isAtEnd() || message.turns.length !== shown.length;
  const hadFocus = document.activeElement;
  shown = message.turns;
  const isWriting = shown.at(-1)?.state === 'writing';
  stop.hidden = !isWriting;
  send.disabled = isWriting;
  fill(attached, message.attached.map(chip));
  fill(turns, shown.map(article));
  turns.ariaBusy = String(isWriting);
  if (isFollowed) {
    turns.scrollTop = turns.scrollHeight;
  }
  // The next key of whoever was on a button that is gone is for the question.
  if (hadFocus instanceof HTMLButtonElement && !hadFocus.checkVisibility()) {
    question.focus();
  }
}

/** Draw the growing answer, once for all pieces that come before the next frame. */
function drawAnswerSoon(): void {
  if (isDrawing) {
    return;
  }
  isDrawing = true;
  requestAnimationFrame(() => {
    isDrawing = false;
    const isFollowed = isAtEnd();
    const [turn, former] = [shown.at(-1), turns.lastElementChild?.querySelector('.answer')];
    if (turn && former) {
      fill(former, answered(turn, shown.length - 1));
    }
    if (isFollowed) {
      turns.scrollTop = turns.scrollHeight;
    }
  });
}

function isAtEnd(): boolean {
  return turns.scrollHeight - turns.scrollTop - turns.clientHeight < 24;
}

function chip(label: string, index: number): HTMLLIElement {
  return element('li', {}, label, button('×', `Remove ${label}`, { type: 'detach', index }));
}

function article(turn: Turn, index: number): HTMLElement {
  const asked = element('div', { className: 'question' }, turn.question);
  if (turn.context.length > 0) {
    asked.append(element('div', { className: 'context' }, turn.context.join(', ')));
  }
  const answer = element('div', { className: `answer ${turn.state}` }, ...answered(turn, index));
  const parts: HTMLElement[] = [asked, answer];
  if (turn.state === 'stopped') {
    parts.push(element('div', { className: 'note' }, 'Stopped.'));
  }
  if (turn.note) {
    const note = element('div', { className: `note ${turn.state}` }, turn.note);
    note.role = turn.state === 'failed' ? 'alert' : 'note';
    parts.push(note);
  }
  if (turn.state !== 'writing') {
    const tools = element('div', { className: 'tools' });
    if (turn.answer) {
      tools.append(button('Copy', 'Copy the answer', { type: 'copy', text: turn.answer }));
    }
    if (index === shown.length - 1) {
      tools.append(button('Retry', 'Ask again', { type: 'retry' }));
    }
    parts.push(tools);
  }
  return element('article', {}, ...parts);
}

/** Return an answer as it is drawn, with what can be done with each piece of code above that. */
function answered(turn: Turn, index: number): ChildNode[] {
  const made = element('div', {});
  made.innerHTML = toHtml(turn.answer);
  for (const code of made.querySelectorAll('pre > code')) {
    const text = code.textContent ?? '';
    const tools = element(
      'div',
      { className: 'tools' },
      button('Copy', 'Copy this code', { type: 'copy', text }),
      button('Insert', 'Insert this code at the cursor', { type: 'insert', text }),
      button('Diff', 'Show what this code would change, to apply it', {
        type: 'compare',
        turn: index,
        text,
      }),
    );
    code.parentElement?.before(tools);
  }
  return [...made.childNodes];
}

function byId<T extends HTMLElement>(id: string, type: { new (): T }): T {
  const found = document.getElementById(id);
  if (!(found instanceof type)) {
    throw new Error(`the page has no ${id}`);
  }
  return found;
}
