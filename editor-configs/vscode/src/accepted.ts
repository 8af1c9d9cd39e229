/** Where a text ends that VS Code inserts when a suggestion is accepted. */

interface Point {
  line: number;
  character: number;
}

/**
 * Return where a text that was inserted at a place ends, and where VS Code takes it to end;
 * undefined where that is the same.
 *
 * Its columns are UTF-16, but of what is accepted it counts code points.
 */
export function ends(
  { line, character }: Point,
  text: string,
): { right: Point; wrong: Point } | undefined {
  const lines = text.split('\n');
  const last = lines.at(-1) ?? '';
  const counted = [...last].length;
  if (counted === last.length) {
    return undefined;
  }
  const further = lines.length - 1;
  const at = (length: number) => ({
    line: line + further,
    character: length + (further ? 0 : character),
  });
  // No cursor stands between two surrogates.
  const isBetween = (last.codePointAt(counted - 1) ?? 0) > 0xffff;
  return { right: at(last.length), wrong: at(isBetween ? counted - 1 : counted) };
}
