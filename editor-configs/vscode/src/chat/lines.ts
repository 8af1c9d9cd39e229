/** Lines of a document that go with a question, and where they are after it was edited. */

/** Both from 0; `end` is the last one, not the one behind it. */
export interface Lines {
  start: number;
  end: number;
}

interface Point {
  line: number;
  character: number;
}

/** An edit, as VS Code tells of it. */
export interface Edit {
  range: { start: Point; end: Point };
  text: string;
}

/** Return where the lines are after an edit, or undefined where it took them all away. */
export function moved(lines: Lines, { range, text }: Edit): Lines | undefined {
  const added = text.split('\n').length - 1;
  const removed = range.end.line - range.start.line;
  const by = added - removed;
  const first = { line: lines.start, character: 0 };
  const behind = { line: lines.end + 1, character: 0 };
  if (isUpTo(behind, range.start)) {
    return lines;
  }
  // Whole lines that come to stand above do not belong to them.
  const isAbove = text.endsWith('\n') && isUpTo(range.end, first);
  if (isAbove || range.end.line < lines.start) {
    return { start: lines.start + by, end: lines.end + by };
  }
  const isGone = text === '' && isUpTo(range.start, first) && isUpTo(behind, range.end);
  const start = Math.min(lines.start, range.start.line);
  return isGone ? undefined : { start, end: Math.max(start, lines.end + by) };
}

function isUpTo(a: Point, b: Point): boolean {
  return a.line < b.line || (a.line === b.line && a.character <= b.character);
}

/** Say which lines of a file, as people count: `a.py:3-9`. */
export function label(name: string, lines: Lines | undefined): string {
  if (!lines) {
    return name;
  }
  const { start, end } = lines;
  return start === end ? `${name}:${start + 1}` : `${name}:${start + 1}-${end + 1}`;
}
