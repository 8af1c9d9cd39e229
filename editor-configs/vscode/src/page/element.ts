/** Makes elements of the page; text is text, never HTML. */

export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties: Partial<HTMLElementTagNameMap[Tag]>,
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** Make a button that does something. */
export function button(text: string, label: string, run: () => void): HTMLButtonElement {
  const made = element('button', { type: 'button', title: label, onclick: run }, text);
  made.setAttribute('aria-label', label);
  return made;
}
