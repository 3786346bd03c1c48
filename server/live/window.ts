import type { Frame } from "./frame.ts";

/** What a window holds at most; the rest is in the journal. */
const MAX_FRAMES = 4096;
const MAX_CHARS = 8 * 1024 * 1024;

/** The newest frames of a feed, which all of its readers share. */
export class Window {
  /** Everything with a greater id that has been in the feed is here. */
  floor: number;
  #frames: Frame[] = [];
  /** Index of the oldest frame; those before it wait for being cut off together. */
  #first = 0;
  #chars = 0;

  constructor(floor: number) {
    this.floor = floor;
  }

  /** The id of the newest frame that has been in the feed. */
  get newest(): number {
    return this.#frames.at(-1)?.id ?? this.floor;
  }

  push(frame: Frame): void {
    this.#frames.push(frame);
    this.#chars += frame.json.length;
    while (this.#frames.length - this.#first > MAX_FRAMES || this.#chars > MAX_CHARS) this.#forgetOldest();
    if (this.#first > this.#frames.length / 2) {
      this.#frames = this.#frames.slice(this.#first);
      this.#first = 0;
    }
  }

  /** The frames behind `id`, from `start` of what is answered; undefined if some of them are gone. */
  after(id: number): { frames: readonly Frame[]; start: number } | undefined {
    if (id < this.floor) return undefined;
    let low = this.#first, high = this.#frames.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#frames[middle] as Frame).id <= id) low = middle + 1;
      else high = middle;
    }
    return { frames: this.#frames, start: low };
  }

  #forgetOldest(): void {
    const oldest = this.#frames[this.#first++] as Frame;
    this.floor = oldest.id;
    this.#chars -= oldest.json.length;
  }
}
