/** Makes elements of the page; text is text, never HTML. */

import { Idiomorph } from 'idiomorph';
import type { FromPage } from '../chat/messages.ts';

export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties: Partial<HTMLElementTagNameMap[Tag]>,
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** Make a button that tells the extension something. */
export function button(text: string, label: string, message: FromPage): HTMLButtonElement {
  const made = element('button', { type: 'button', title: label }, text);
  made.setAttribute('aria-label', label);
  made.dataset.message = JSON.stringify(message);
  return made;
}

/** Return what a click on this tells the extension, if it is in a button that does. */
export function messageOf(target: EventTarget | null): FromPage | undefined {
  const found = target instanceof Element && target.closest<HTMLElement>('[data-message]');
  return found ? JSON.parse(found.dataset.message ?? '') : undefined;
}

/** Have an element hold these, changing what differs alone: what is focused or selected stays so. */
export function fill(parent: Element, children: Node[]): void {
  Idiomorph.morph(parent, children, { morphStyle: 'innerHTML' });
}
