/** What to look for. Line breaks in it, and in texts, do not count. */
export interface MaskPattern {
  readonly text: string;
  /** Whether the characters beside it may tell more of it, as the ones beside Base64 that starts in the middle do. */
  readonly extends?: { readonly left: boolean; readonly right: boolean };
}

/** A part of a text: `start <= at < end`. */
export interface Range {
  start: number;
  end: number;
}

/** Told of the longest pattern that ends before `end`. */
type Report = (end: number, length: number, edges: number) => void;

const LEFT = 1;
const RIGHT = 2;
const DENSE = 256;
/** Parts of a pattern that are shorter than this give nothing away, and are found everywhere. */
export const SHORTEST_PART = 4;

/**
 * Finds any number of patterns in one pass over a text (Aho and Corasick, 1975). The state after a text can be carried
 * into the next one, so that a pattern is found that is spread over several.
 */
export class MaskAutomaton {
  readonly #codes: Uint16Array;
  readonly #firstChild: Int32Array;
  readonly #sibling: Int32Array;
  readonly #fallback: Int32Array;
  readonly #depth: Int32Array;
  /** Whether the characters that lead to a state are not all the same. */
  readonly #isTelling: Uint8Array;
  /** Length of the longest pattern that ends in a state; 0 if none does. */
  readonly #longest: Int32Array;
  readonly #edges: Uint8Array;
  readonly #denseRoot = new Int32Array(DENSE);
  readonly #sparseRoot = new Map<number, number>();
  #size = 1;

  constructor(patterns: readonly MaskPattern[]) {
    const capacity = patterns.reduce((sum, { text }) => sum + text.length, 1);
    this.#codes = new Uint16Array(capacity);
    this.#firstChild = new Int32Array(capacity);
    this.#sibling = new Int32Array(capacity);
    this.#fallback = new Int32Array(capacity);
    this.#depth = new Int32Array(capacity);
    this.#isTelling = new Uint8Array(capacity);
    this.#longest = new Int32Array(capacity);
    this.#edges = new Uint8Array(capacity);
    for (const pattern of patterns) this.#add(pattern);
    this.#link();
  }

  /**
   * How many of the characters before this state may be the beginning of a pattern; 0 if they say nothing: one to three,
   * or only one over and over, as in separators such as `-----`, with which keys begin.
   */
  partBefore(state: number): number {
    const depth = this.#depth[state] ?? 0;
    return depth >= SHORTEST_PART && this.#isTelling[state] === 1 ? depth : 0;
  }

  /** Reads a part of a text, from the state that what was before it has led to (0: nothing), and answers the new state. */
  scan(text: string, from: number, to: number, state: number, report: Report): number {
    const longest = this.#longest;
    for (let at = from; at < to; at++) {
      const code = text.charCodeAt(at);
      state = state === 0 ? this.#fromRoot(code) : this.#next(state, code);
      const length = longest[state] ?? 0;
      if (length > 0) report(at + 1, length, this.#edges[state] ?? 0);
    }
    return state;
  }

  #fromRoot(code: number): number {
    return (code < DENSE ? this.#denseRoot[code] : this.#sparseRoot.get(code)) ?? 0;
  }

  #next(state: number, code: number): number {
    for (let at = state; at !== 0; at = this.#fallback[at] ?? 0) {
      const child = this.#childOf(at, code);
      if (child !== 0) return child;
    }
    return this.#fromRoot(code);
  }

  #childOf(state: number, code: number): number {
    let child = this.#firstChild[state] ?? 0;
    while (child !== 0 && this.#codes[child] !== code) child = this.#sibling[child] ?? 0;
    return child;
  }

  #add({ text, extends: beyond }: MaskPattern): void {
    let state = 0;
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      const child = state === 0 ? this.#fromRoot(code) : this.#childOf(state, code);
      state = child === 0 ? this.#addState(state, code, at + 1) : child;
    }
    this.#longest[state] = text.length;
    this.#edges[state] = (beyond?.left ? LEFT : 0) | (beyond?.right ? RIGHT : 0);
  }

  #addState(parent: number, code: number, depth: number): number {
    const state = this.#size++;
    this.#codes[state] = code;
    this.#depth[state] = depth;
    const isNews = parent !== 0 && code !== this.#codes[parent];
    this.#isTelling[state] = isNews ? 1 : this.#isTelling[parent] ?? 0;
    this.#sibling[state] = this.#firstChild[parent] ?? 0;
    this.#firstChild[parent] = state;
    if (parent !== 0) return state;
    if (code < DENSE) this.#denseRoot[code] = state;
    else this.#sparseRoot.set(code, state);
    return state;
  }

  /** From short states to long ones, because each falls back to a shorter one. */
  #link(): void {
    const queue = new Int32Array(this.#size);
    let filled = 0;
    const enqueue = (state: number) => {
      for (let child = this.#firstChild[state] ?? 0; child !== 0; child = this.#sibling[child] ?? 0) {
        queue[filled++] = child;
        const fallback = state === 0 ? 0 : this.#next(this.#fallback[state] ?? 0, this.#codes[child] ?? 0);
        this.#fallback[child] = fallback;
        if (this.#longest[child] !== 0) continue;
        this.#longest[child] = this.#longest[fallback] ?? 0;
        this.#edges[child] = this.#edges[fallback] ?? 0;
      }
    };
    enqueue(0);
    for (let done = 0; done < filled; done++) enqueue(queue[done] ?? 0);
  }
}

/** Collects overlapping and touching matches, given in the order of their ends, as ranges. */
export class RangeList {
  readonly ranges: Range[] = [];

  add(start: number, end: number): void {
    let range = { start: Math.max(0, start), end };
    for (let last = this.ranges.at(-1); last !== undefined && last.end >= range.start; last = this.ranges.at(-1)) {
      range = { start: Math.min(last.start, range.start), end: Math.max(last.end, range.end) };
      this.ranges.pop();
    }
    if (range.end > range.start) this.ranges.push(range);
  }

  /** Adds a match, and what stands beside it if that may tell more of it. */
  addMatch(text: string, end: number, length: number, edges: number): void {
    const start = end - length;
    const isMoreLeft = (edges & LEFT) !== 0 && isBase64(text[start - 1]);
    const isMoreRight = (edges & RIGHT) !== 0 && isBase64(text[end]);
    this.add(isMoreLeft ? start - 1 : start, isMoreRight ? end + 1 : end);
  }
}

function isBase64(character: string | undefined): boolean {
  return character !== undefined && /[\w+/-]/.test(character);
}
