/** Draws the conversation, and tells the extension what the user does. */

import type { Turn } from '../chat/conversation.ts';
import type { FromPage, ToPage } from '../chat/messages.ts';
import { button, element } from './element.ts';
import { toHtml } from './markdown.ts';

declare function acquireVsCodeApi(): { postMessage(message: FromPage): void };

const vscode = acquireVsCodeApi();
const tell = (message: FromPage) => vscode.postMessage(message);

const turns = byId('turns', HTMLElement);
const attached = byId('attached', HTMLUListElement);
const question = byId('question', HTMLTextAreaElement);
const send = byId('send', HTMLButtonElement);
const stop = byId('stop', HTMLButtonElement);

let shown: Turn[] = [];
let isDrawing = false;

byId('form', HTMLFormElement).onsubmit = (event) => {
  event.preventDefault();
  const text = question.value;
  if (text.trim() && !send.disabled) {
    question.value = '';
    tell({ type: 'send', text });
  }
};
byId('attach', HTMLButtonElement).onclick = () => tell({ type: 'attach' });
byId('clear', HTMLButtonElement).onclick = () => tell({ type: 'clear' });
stop.onclick = () => tell({ type: 'stop' });
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
      shown = message.turns;
      draw(message.attached);
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

function draw(labels: string[]): void {
  const isWriting = shown.at(-1)?.state === 'writing';
  stop.hidden = !isWriting;
  send.disabled = isWriting;
  attached.replaceChildren(...labels.map(chip));
  turns.replaceChildren(...shown.map((turn, index) => article(turn, index === shown.length - 1)));
  turns.ariaBusy = String(isWriting);
  turns.scrollTop = turns.scrollHeight;
}

/** Draw the growing answer, once for all pieces that come before the next frame. */
function drawAnswerSoon(): void {
  if (isDrawing) {
    return;
  }
  isDrawing = true;
  requestAnimationFrame(() => {
    isDrawing = false;
    const turn = shown.at(-1);
    const isAtEnd = turns.scrollHeight - turns.scrollTop - turns.clientHeight < 24;
    const former = turns.lastElementChild?.querySelector('.answer');
    if (turn && former) {
      former.replaceWith(answer(turn));
      if (isAtEnd) {
        turns.scrollTop = turns.scrollHeight;
      }
    }
  });
}

function chip(label: string, index: number): HTMLLIElement {
  const remove = button('×', `Remove ${label}`, () => tell({ type: 'detach', index }));
  return element('li', {}, label, remove);
}

function article(turn: Turn, isLast: boolean): HTMLElement {
  const asked = element('div', { className: 'question' }, turn.question);
  if (turn.context.length > 0) {
    asked.append(element('div', { className: 'context' }, turn.context.join(', ')));
  }
  const parts: HTMLElement[] = [asked, answer(turn)];
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
      tools.append(
        button('Copy', 'Copy the answer', () => tell({ type: 'copy', text: turn.answer })),
      );
    }
    if (isLast) {
      tools.append(button('Retry', 'Ask again', () => tell({ type: 'retry' })));
    }
    parts.push(tools);
  }
  return element('article', {}, ...parts);
}

function answer(turn: Turn): HTMLElement {
  const made = element('div', { className: `answer ${turn.state}` });
  made.innerHTML = toHtml(turn.answer);
  for (const code of made.querySelectorAll('pre > code')) {
    const text = code.textContent ?? '';
    const tools = element(
      'div',
      { className: 'tools' },
      button('Copy', 'Copy this code', () => tell({ type: 'copy', text })),
      button('Insert', 'Insert this code at the cursor', () => tell({ type: 'insert', text })),
      button('Diff', 'Show what this code would change, to apply it', () =>
        tell({ type: 'compare', turn: shown.indexOf(turn), text }),
      ),
    );
    code.parentElement?.before(tools);
  }
  return made;
}

function byId<T extends HTMLElement>(id: string, type: { new (): T }): T {
  const found = document.getElementById(id);
  if (!(found instanceof type)) {
    throw new Error(`the page has no ${id}`);
  }
  return found;
}
