/** Where a suggestion ends that is put into a document. */

interface Point {
  line: number;
  character: number;
}

/**
 * Return where a text ends that begins at a place, if VS Code is going to put the cursor elsewhere.
 *
 * Its columns are UTF-16, but of a suggestion that is accepted it counts code points.
 */
export function missedEnd({ line, character }: Point, text: string): Point | undefined {
  const lines = text.split('\n');
  const last = lines.at(-1) ?? '';
  if (last.length === [...last].length) {
    return undefined;
  }
  const further = lines.length - 1;
  return { line: line + further, character: last.length + (further ? 0 : character) };
}
