/** A line of a comparison: only in the first text, only in the second, or in both. */
export interface DiffLine {
  sign: "-" | "+" | " ";
  text: string;
}

/** Longer texts are compared from their ends only. */
const MAX_COMPARED = 400;

/** The shortest way from one list of lines to another. */
export function diffLines(before: readonly string[], after: readonly string[]): DiffLine[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  let end = 0;
  const isSameEnd = () => before[before.length - 1 - end] === after[after.length - 1 - end];
  while (end < before.length - start && end < after.length - start && isSameEnd()) end++;
  const line = (sign: DiffLine["sign"]) => (text: string): DiffLine => ({ sign, text });
  return [
    ...before.slice(0, start).map(line(" ")),
    ...diffMiddle(before.slice(start, before.length - end), after.slice(start, after.length - end)),
    ...before.slice(before.length - end).map(line(" ")),
  ];
}

function diffMiddle(before: readonly string[], after: readonly string[]): DiffLine[] {
  const all = (sign: DiffLine["sign"], texts: readonly string[]) => texts.map((text) => ({ sign, text }));
  if (before.length > MAX_COMPARED || after.length > MAX_COMPARED) return [...all("-", before), ...all("+", after)];
  const lengths = measureRuns(before, after);
  const lines: DiffLine[] = [];
  let [a, b] = [0, 0];
  while (a < before.length && b < after.length) {
    if (before[a] === after[b]) {
      lines.push({ sign: " ", text: before[a] ?? "" });
      [a, b] = [a + 1, b + 1];
    } else if ((lengths[a + 1]?.[b] ?? 0) >= (lengths[a]?.[b + 1] ?? 0)) lines.push(...all("-", before.slice(a, ++a)));
    else lines.push(...all("+", after.slice(b, ++b)));
  }
  return [...lines, ...all("-", before.slice(a)), ...all("+", after.slice(b))];
}

/** `[a][b]`: how many lines the rests of both have in common. */
function measureRuns(before: readonly string[], after: readonly string[]): number[][] {
  const lengths = Array.from({ length: before.length + 1 }, () => new Array<number>(after.length + 1).fill(0));
  for (let a = before.length - 1; a >= 0; a--) {
    for (let b = after.length - 1; b >= 0; b--) {
      const row = lengths[a];
      if (row === undefined) continue;
      const skipped = Math.max(lengths[a + 1]?.[b] ?? 0, row[b + 1] ?? 0);
      row[b] = before[a] === after[b] ? (lengths[a + 1]?.[b + 1] ?? 0) + 1 : skipped;
    }
  }
  return lengths;
}
