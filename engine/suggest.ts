/** Comparing a name with more candidates than this takes longer than the advice is worth. */
const MAX_CANDIDATES = 2_000;

/** The candidate that `name` was probably meant to be: same but for case, or at most a third of its letters off. */
export function suggest(name: string, candidates: readonly string[]): string | undefined {
  if (candidates.length > MAX_CANDIDATES || name.length > 100) return undefined;
  const wanted = simplify(name);
  let best: string | undefined;
  let bestDistance = Math.min(wanted.length, 1 + Math.min(4, Math.floor(Math.max(3, wanted.length) / 3)));
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - name.length) > 5) continue;
    const distance = editDistance(wanted, simplify(candidate), bestDistance);
    if (distance >= bestDistance) continue;
    best = candidate;
    bestDistance = distance;
  }
  return best;
}

/** A hint such as `Did you mean "url"?`, else the known names if they are few. */
export function didYouMean(name: string, candidates: readonly string[], noun: string): string | undefined {
  const match = suggest(name, candidates);
  if (match !== undefined) return `Did you mean "${match}"?`;
  const known = [...new Set(candidates)];
  const [only] = known;
  if (only === undefined) return undefined;
  if (known.length === 1) return `Use ${JSON.stringify(only)} instead.`;
  return known.length <= 20 ? `Use one of the ${noun} ${quoteList(known)}.` : undefined;
}

/** `"a", "b" and "c"` */
export function quoteList(names: readonly string[], conjunction = "and"): string {
  const quoted = names.map((name) => JSON.stringify(name));
  const last = quoted.pop() ?? "";
  return quoted.length === 0 ? last : `${quoted.join(", ")} ${conjunction} ${last}`;
}

function simplify(name: string): string {
  return name.toLowerCase().replaceAll(/[-_ ]/g, "");
}

/** Letters to insert, delete, replace or swap with their neighbour; `limit` or more counts as `limit`. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let cost = Math.min(
        (last[column] ?? limit) + 1,
        (current[column - 1] ?? limit) + 1,
        (last[column - 1] ?? limit) + (same ? 0 : 1),
      );
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) cost = Math.min(cost, (beforeLast[column - 2] ?? limit) + 1);
      current.push(cost);
    }
    if (Math.min(...current) >= limit) return limit;
    beforeLast = last;
    last = current;
  }
  return Math.min(last[b.length] ?? limit, limit);
}
