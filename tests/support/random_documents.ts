import { Random } from "./random.ts";

/** Writes random data with random spaces and comments everywhere. */
export class JsonWriter {
  readonly #random: Random;
  #comments = 0;

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  document(): string {
    return `${this.#space()}[${this.#space()}${this.#value(0)}${this.#space()}]${this.#space()}`;
  }

  #value(depth: number): string {
    const kind = this.#random.int(0, depth > 3 ? 3 : 6);
    if (kind === 0) return this.#random.pick(["null", "true", "-0", "1e5", "12345678901234567890", "0.10"]);
    if (kind <= 3) {
      return this.#random.pick(['""', '"a b"', '"\\n//x"', '"/*"', `"${"long ".repeat(this.#random.int(0, 12))}"`]);
    }
    const count = this.#random.int(0, 4);
    const parts = Array.from({ length: count }, (_, index) => {
      const key = kind === 4 ? "" : `"k${index}"${this.#space()}:${this.#space()}`;
      return `${this.#space()}${key}${this.#value(depth + 1)}${this.#space()}`;
    });
    const comma = count > 0 && this.#random.int(0, 4) === 0 ? `,${this.#space()}` : "";
    const inner = count === 0 ? this.#space() : parts.join(",") + comma;
    return kind === 4 ? `[${inner}]` : `{${inner}}`;
  }

  #space(): string {
    const space = this.#random.pick(["", "", "", " ", "\n", "\n\n", "\n\n\n  ", "\t"]);
    if (this.#random.int(0, 6) > 0) return space;
    const name = `c${this.#comments++}`;
    const comment = this.#random.pick([
      `// ${name}\n`,
      `/* ${name} */`,
      `/*\n * ${name}\n  */`,
      `/* ${name}\n      drawn */\n`,
    ]);
    return space + comment + this.#random.pick(["", "\n", " "]) + (this.#random.int(0, 3) === 0 ? this.#space() : "");
  }
}

/** Writes random data in block and flow style, with comments where people put them. */
export class YamlWriter {
  readonly #random: Random;
  #comments = 0;

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  document(): string {
    const lines = this.#map(0, 0);
    return `${this.#random.pick(["", "---\n", "# head\n\n", "# head\n"])}${lines.join("\n")}\n${
      this.#random.pick(["", "\n\n", "\n# end\n"])
    }`;
  }

  #map(indent: number, depth: number): string[] {
    const step = this.#random.pick([1, 2, 2, 2, 3, 4]);
    return Array.from({ length: this.#random.int(1, 4) }, (_, index) => index).flatMap((index) => {
      const pad = " ".repeat(indent);
      const key = this.#random.pick([`k${index}`, `"k ${index}"`, `'k${index}'`]);
      return [...this.#remarks(pad), ...this.#entry(`${pad}${key}:`, indent + step, depth)];
    });
  }

  #entry(head: string, indent: number, depth: number): string[] {
    const pad = " ".repeat(indent);
    const kind = depth > 3 ? this.#random.int(0, 4) : this.#random.int(0, 8);
    if (kind <= 2) return [`${head} ${this.#scalar()}${this.#tail()}`];
    if (kind === 3) return [`${head} ${this.#flow(0)}${this.#tail()}`];
    if (kind === 4) {
      const body = Array.from(
        { length: this.#random.int(1, 4) },
        () => this.#random.pick(["text # no", "  more", "", "- x", "end"]),
      );
      const mark = this.#random.pick(["|", "|-", ">", ">-", "|+"]);
      return [`${head} ${mark}${this.#tail()}`, ...[`first`, ...body].map((line) => line === "" ? "" : pad + line)];
    }
    if (kind === 5) return [`${head} some plain`, `${pad}  text over`, `${pad} lines${this.#tail()}`];
    if (kind === 6) return [`${head}${this.#tail()}`, ...this.#map(indent, depth + 1)];
    const items = Array.from({ length: this.#random.int(1, 3) }, () => {
      if (this.#random.int(0, 2) === 0) return [...this.#remarks(pad), `${pad}- ${this.#scalar()}${this.#tail()}`];
      const [first = "", ...rest] = this.#map(indent + 2, depth + 1).filter((line, index) =>
        index > 0 || !/^\s*(#|$)/.test(line)
      );
      return /^\s*(#|$)/.test(first) ? [`${pad}- 1`] : [...this.#remarks(pad), `${pad}- ${first.trimStart()}`, ...rest];
    });
    return [head + this.#tail(), ...items.flat()];
  }

  #flow(depth: number): string {
    const gap = () => this.#random.pick(["", " ", "  "]);
    const parts = Array.from({ length: this.#random.int(0, 4) }, (_, index) => {
      const value = depth < 3 && this.#random.int(0, 3) === 0
        ? this.#flow(depth + 1)
        : this.#random.pick(["1", "word", '"q, r"', "'s'", "true", "long-word-".repeat(4)]);
      return [index, value] as const;
    });
    if (this.#random.int(0, 1) === 0) return `[${gap()}${parts.map(([, value]) => value).join(`,${gap()}`)}${gap()}]`;
    return `{${gap()}${parts.map(([index, value]) => `f${index}: ${value}`).join(`,${gap()}`)}${gap()}}`;
  }

  #scalar(): string {
    return this.#random.pick(
      [
        "1",
        "0x10",
        "1.50",
        "true",
        "null",
        "~",
        "plain text",
        "'single ''q'''",
        '"dou\\"ble \\x41"',
        "2026-01-01",
        "a#b",
        "''",
      ],
    );
  }

  #tail(): string {
    return this.#random.int(0, 5) === 0 ? `${this.#random.pick([" ", "   "])}# t${this.#comments++}` : "";
  }

  #remarks(pad: string): string[] {
    const kind = this.#random.int(0, 9);
    if (kind === 0) return [`${pad}# r${this.#comments++}`];
    if (kind === 1) return ["", `${pad}# r${this.#comments++}`, `${pad}# r${this.#comments++}`];
    if (kind === 2) return ["", ""];
    return [];
  }
}
