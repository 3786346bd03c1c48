/**
 * Whether all that stands in a JSON text is in the value that `JSON.parse` has made of it, at most `maxDepth` levels
 * deep. A key that is there twice makes fewer keys than there are colons after quotes, and counting both costs a tenth
 * of reading the text again. A text that begins with a colon may look like a lost key too, but never hides one.
 */
export function isParsedInFull(text: string, raw: unknown, maxDepth: number): boolean {
  return countKeys(raw, maxDepth) === countKeyEnds(text);
}

/** NaN if it is nested deeper than `maxDepth`. */
function countKeys(raw: unknown, maxDepth: number): number {
  if (typeof raw !== "object" || raw === null) return 0;
  if (maxDepth === 0) return NaN;
  let count = 0;
  if (Array.isArray(raw)) {
    for (const item of raw) count += countKeys(item, maxDepth - 1);
    return count;
  }
  for (const value of Object.values(raw)) count += 1 + countKeys(value, maxDepth - 1);
  return count;
}

function countKeyEnds(text: string): number {
  let count = 0;
  for (let colon = text.indexOf(":"); colon >= 0; colon = text.indexOf(":", colon + 1)) {
    let before = colon - 1;
    while (" \t\r\n".includes(text.charAt(before)) && before >= 0) before--;
    if (text.charAt(before) === '"' && !isEscaped(text, before)) count++;
  }
  return count;
}

/** Inside of a string every quote is escaped, by an odd number of backslashes. */
function isEscaped(text: string, at: number): boolean {
  let before = at - 1;
  while (text.charAt(before) === "\\") before--;
  return (at - before) % 2 === 0;
}
