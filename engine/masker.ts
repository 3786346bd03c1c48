import { type ErrorInfo, FlowError } from "./errors.ts";
import type { MaskPattern } from "./mask_automaton.ts";
import { patternsOf } from "./mask_forms.ts";
import { TextMasker } from "./mask_text.ts";
import { setOwn } from "./plain.ts";
import type { Value, Values } from "./value.ts";

type MaskText = (text: string) => string;

/** Replaces secrets in values and errors by `***`. What holds none is answered as it is, not copied. */
export class Masker {
  readonly #patterns: readonly MaskPattern[];
  readonly #texts: TextMasker;
  readonly #hasNumbers: boolean;
  #bytes: TextMasker | undefined;

  constructor(secrets: Iterable<string>) {
    const values = [...secrets];
    this.#patterns = patternsOf(values);
    this.#texts = new TextMasker(this.#patterns);
    this.#hasNumbers = values.some((value) => /^[-+.\de]+$/i.test(value));
  }

  maskText(text: string): string {
    return this.#texts.mask(text);
  }

  /** Masks the lines of one stream, in their order, of which several may hold one secret. */
  openLines(): MaskText {
    return this.#texts.openLines();
  }

  maskValues(values: Values): Values {
    return this.maskValue(values) as Values;
  }

  /** Masks all texts, bytes and keys in a value. A number that holds a secret becomes text. */
  maskValue(value: Value): Value {
    return this.#maskValue(value, (text) => this.#texts.mask(text));
  }

  maskError(error: FlowError): FlowError {
    const info = error.toInfo();
    const masked = this.maskErrorInfo(info);
    // What caused it has not been looked at.
    if (masked === info && error.cause === undefined) return error;
    const { code, message, hint, details } = masked;
    return new FlowError(code, message, { hint, details, retryable: error.retryable });
  }

  /** Texts in errors are often cut out of longer ones. */
  maskErrorInfo(info: ErrorInfo): ErrorInfo {
    const { code, ...rest } = info;
    const masked = this.#maskValue(rest as Values, (text) => this.#texts.maskExcerpt(text));
    return masked === rest ? info : { code, ...masked as Omit<ErrorInfo, "code"> };
  }

  #maskValue(value: Value, mask: MaskText): Value {
    if (typeof value === "string") return mask(value);
    if (typeof value === "number") return this.#hasNumbers ? this.#maskNumber(value) : value;
    if (typeof value !== "object" || value === null) return value;
    if (value instanceof Uint8Array) return this.#maskBytes(value);
    return Array.isArray(value) ? this.#maskList(value, mask) : this.#maskProperties(value, mask);
  }

  #maskNumber(value: number): Value {
    const text = String(value);
    const masked = this.#texts.mask(text);
    return masked === text ? value : masked;
  }

  #maskList(list: Value[], mask: MaskText): Value[] {
    let copy: Value[] | undefined;
    for (const [index, item] of list.entries()) {
      const masked = this.#maskValue(item, mask);
      if (masked !== item) (copy ??= [...list])[index] = masked;
    }
    return copy ?? list;
  }

  #maskProperties(values: Values, mask: MaskText): Values {
    const copy: Values = {};
    let isChanged = false;
    for (const key of Object.keys(values)) {
      const value = values[key] ?? null;
      const masked = this.#maskValue(value, mask);
      const name = this.#texts.mask(key);
      setOwn(copy, name === key ? key : findFreeName(name, values, copy), masked);
      isChanged ||= name !== key || masked !== value;
    }
    return isChanged ? copy : values;
  }

  /** Bytes are looked at as text with characters up to U+00FF, and so are the secrets then. */
  #maskBytes(bytes: Uint8Array): Uint8Array {
    const text = toBinary(bytes);
    const masked = (this.#bytes ??= this.#forBytes()).mask(text);
    return masked === text ? bytes : Uint8Array.from(masked, (character) => character.charCodeAt(0));
  }

  #forBytes(): TextMasker {
    if (this.#patterns.every(({ text }) => isAscii(text))) return this.#texts;
    const encoder = new TextEncoder();
    return new TextMasker(
      this.#patterns.map((pattern) => ({ ...pattern, text: toBinary(encoder.encode(pattern.text)) })),
    );
  }
}

/** Two keys may be the same once they are masked. */
function findFreeName(name: string, ...taken: readonly Values[]): string {
  let free = name;
  for (let count = 2; taken.some((values) => Object.hasOwn(values, free)); count++) free = `${name} (${count})`;
  return free;
}

const CHUNK_BYTES = 0x8000;

function toBinary(bytes: Uint8Array): string {
  let text = "";
  for (let start = 0; start < bytes.length; start += CHUNK_BYTES) {
    text += String.fromCharCode(...bytes.subarray(start, start + CHUNK_BYTES));
  }
  return text;
}

function isAscii(text: string): boolean {
  return /^[\0-\x7f]*$/.test(text);
}
