import { MaskAutomaton, type MaskPattern, type Range, RangeList } from "./mask_automaton.ts";
import { withoutLineBreaks } from "./mask_forms.ts";

/** What stands for a secret. */
export const MASK = "***";

/** Where a program has shortened a text. */
const CUT = /\[?\.{3,}\]?|…/g;

/** Cuts beyond these are not looked at, so that a text full of dots costs no more than its length. */
const MAX_CUTS = 1000;

/**
 * Replaces patterns in texts.
 *
 *   T1. Line breaks do not count: a secret is found that is spread over several lines, as wrapped Base64 is.
 *   T2. Where a text was cut, marked by `...` or `…`, what is left of a secret there counts as one.
 *   T3. A text without a secret is answered as it is.
 */
export class TextMasker {
  readonly #patterns: readonly MaskPattern[];
  readonly #forward: MaskAutomaton;
  #backward: { automaton: MaskAutomaton; reach: number } | undefined;

  constructor(patterns: readonly MaskPattern[]) {
    this.#patterns = patterns;
    this.#forward = new MaskAutomaton(patterns);
  }

  /** A whole text. */
  mask(original: string): string {
    const text = withoutLineBreaks(original);
    const found = new RangeList();
    this.#scan(text, 0, found);
    return replaceRanges(original, text, found.ranges);
  }

  /** A text that may be cut out of a longer one: its beginning and its end may be parts of secrets. */
  maskExcerpt(original: string): string {
    const text = withoutLineBreaks(original);
    const found = new RangeList();
    this.#addHead(text, 0, found);
    this.#addTail(text.length, this.#scan(text, 0, found), found);
    return replaceRanges(original, text, found.ranges);
  }

  /** Masks the lines of one stream, in their order, of which several may hold one secret. */
  openLines(): (line: string) => string {
    let state = 0;
    return (line) => {
      const text = withoutLineBreaks(line);
      const found = new RangeList();
      state = this.#scan(text, state, found);
      // Should the next line make a secret of it, it would be too late.
      this.#addTail(text.length, state, found);
      return replaceRanges(line, text, found.ranges);
    };
  }

  #scan(text: string, from: number, found: RangeList): number {
    let state = from;
    let at = 0;
    const report = (end: number, length: number, edges: number) => found.addMatch(text, end, length, edges);
    for (const { start, end } of findCuts(text)) {
      state = this.#forward.scan(text, at, start, state, report);
      this.#addTail(start, state, found);
      this.#addHead(text, end, found);
      at = start;
    }
    return this.#forward.scan(text, at, text.length, state, report);
  }

  /** Adds the beginning of a secret that ends at `end`, where the text was cut. */
  #addTail(end: number, state: number, found: RangeList): void {
    const length = this.#forward.partBefore(state);
    if (length > 0) found.add(end - length, end);
  }

  /** Adds the end of a secret that begins at `start`, where the text was cut. */
  #addHead(text: string, start: number, found: RangeList): void {
    const { automaton, reach } = this.#backward ??= this.#reverse();
    const window = reverse(text.slice(start, start + reach));
    const length = automaton.partBefore(automaton.scan(window, 0, window.length, 0, () => {}));
    if (length > 0) found.add(start, start + length);
  }

  #reverse(): { automaton: MaskAutomaton; reach: number } {
    const reach = this.#patterns.reduce((longest, { text }) => Math.max(longest, text.length), 0);
    return { automaton: new MaskAutomaton(this.#patterns.map(({ text }) => ({ text: reverse(text) }))), reach };
  }
}

function findCuts(text: string): Range[] {
  if (!text.includes("…") && !text.includes("...")) return [];
  const cuts: Range[] = [];
  for (const { 0: mark, index } of text.matchAll(CUT)) {
    cuts.push({ start: index, end: index + mark.length });
    if (cuts.length === MAX_CUTS) break;
  }
  return cuts;
}

function reverse(text: string): string {
  return text.split("").reverse().join("");
}

/** `ranges` are those of `text`, which is `original` without its line breaks. */
function replaceRanges(original: string, text: string, ranges: readonly Range[]): string {
  if (ranges.length === 0) return original;
  let masked = "";
  let at = 0;
  const places = original.length === text.length ? ranges : locate(original, ranges);
  for (const { start, end } of places) {
    masked += original.slice(at, start) + MASK;
    at = end;
  }
  return masked + original.slice(at);
}

/** Where ranges of a text without line breaks are in the text itself. */
function locate(original: string, ranges: readonly Range[]): Range[] {
  const places: Range[] = [];
  let at = 0;
  let passed = 0;
  const goTo = (count: number) => {
    while (passed < count || original[at] === "\n" || original[at] === "\r") {
      if (original[at] !== "\n" && original[at] !== "\r") passed++;
      at++;
    }
    return at;
  };
  for (const { start, end } of ranges) {
    const place = { start: goTo(start), end: goTo(end - 1) + 1 };
    places.push(place);
    [at, passed] = [place.end, end];
  }
  return places;
}
