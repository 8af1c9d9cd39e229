/** Lines of a document that go with a question, and where they are after it was edited. */

/** Both from 0; `end` is the last one, not the one behind it. */
export interface Lines {
  start: number;
  end: number;
}

/** An edit, as VS Code tells of it. */
export interface Edit {
  range: { start: { line: number }; end: { line: number } };
  text: string;
}

/** Return where the lines are after an edit, or undefined where it took them all away. */
export function moved(lines: Lines, { range, text }: Edit): Lines | undefined {
  const added = text.split('\n').length - 1;
  const removed = range.end.line - range.start.line;
  const by = added - removed;
  if (range.start.line > lines.end) {
    return lines;
  }
  if (range.end.line < lines.start) {
    return { start: lines.start + by, end: lines.end + by };
  }
  const isGone = text === '' && range.start.line < lines.start && range.end.line > lines.end;
  const start = Math.min(lines.start, range.start.line);
  return isGone ? undefined : { start, end: Math.max(start, lines.end + by) };
}

/** Say which lines of a file, as people count: `a.py:3-9`. */
export function label(name: string, lines: Lines | undefined): string {
  if (!lines) {
    return name;
  }
  const { start, end } = lines;
  return start === end ? `${name}:${start + 1}` : `${name}:${start + 1}-${end + 1}`;
}
