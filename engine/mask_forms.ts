import { type MaskPattern, SHORTEST_PART } from "./mask_automaton.ts";
import { encodeBase64 } from "./base64.ts";

/**
 * All forms in which a secret is looked for: as it is, line by line, and as JSON, Base64, URLs, hexadecimal numbers, HTML
 * and shells write it. Without line breaks, each once.
 */
export function patternsOf(secrets: Iterable<string>): MaskPattern[] {
  const patterns = new Map<string, MaskPattern>();
  const add = (pattern: MaskPattern) => {
    const text = withoutLineBreaks(pattern.text);
    // What ends exactly where it ends wins: nothing beside it tells more.
    const isNews = pattern.extends === undefined || !patterns.has(text);
    if (text.length >= SHORTEST_PART && isNews) patterns.set(text, { ...pattern, text });
  };
  for (const secret of secrets) {
    const lines = secret.split(/[\r\n]+/).map((line) => line.trim()).filter(isTelling);
    for (const part of new Set([secret, ...lines])) {
      for (const text of textForms(part)) add({ text });
      for (const pattern of base64Forms(part)) add(pattern);
    }
  }
  return [...patterns.values()];
}

/** Whether a line says anything: separators such as `-----` do not. */
function isTelling(text: string): boolean {
  return text.length >= SHORTEST_PART && text !== text.charAt(0).repeat(text.length);
}

export function withoutLineBreaks(text: string): string {
  return /[\r\n]/.test(text) ? text.replaceAll(/[\r\n]+/g, "") : text;
}

function textForms(text: string): Set<string> {
  const json = jsonForms(text);
  return new Set([
    text,
    ...json,
    // Documents within documents.
    ...[...json].flatMap((form) => [...jsonForms(form)]),
    ...urlForms(text),
    ...hexForms(text),
    ...htmlForms(text),
    ...shellForms(text),
    ...numberForms(text),
  ]);
}

function jsonForms(text: string): Set<string> {
  const plain = JSON.stringify(text).slice(1, -1);
  const ascii = plain.replaceAll(/[\u0080-\uffff]/g, toUnicodeEscape);
  const safe = plain.replaceAll(/[<>&\u2028\u2029]/g, toUnicodeEscape);
  return new Set([plain, ascii, safe, plain.replaceAll("/", "\\/")]);
}

function toUnicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function urlForms(text: string): string[] {
  const whole = text.toWellFormed();
  const component = encodeURIComponent(whole);
  const strict = component.replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  const forms = [component, strict, encodeURI(whole)];
  const all = forms.flatMap((form) => [form, form.replaceAll("%20", "+"), form.replaceAll("%2F", "/")]);
  return all.flatMap((form) => [form, form.replaceAll(/%../g, (escape) => escape.toLowerCase())]);
}

function hexForms(text: string): string[] {
  const hex = Array.from(new TextEncoder().encode(text), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex, hex.toUpperCase()];
}

function htmlForms(text: string): string[] {
  const named = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
  return [named, named.replaceAll("'", "&#39;"), named.replaceAll("'", "&apos;")];
}

/** What the `echo` of many shells, `sh` among them, makes of a backslash and a letter. */
const ECHOED: Readonly<Record<string, string>> = {
  "\\": "\\",
  a: "\x07",
  b: "\b",
  e: "\x1b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

/** As shells quote a text, as `echo` prints it, and as literals of Python and error messages of GNU have it. */
function shellForms(text: string): string[] {
  const doubled = text.replaceAll("\\", "\\\\");
  return [
    text.replaceAll("'", `'\\''`),
    text.replaceAll("'", `'"'"'`),
    text.replaceAll(/[\s'"\\|&;()<>!{}*[\]?^$`,]/g, "\\$&"),
    doubled,
    doubled.replaceAll("'", "\\'"),
    text.replaceAll(/\\([\\abefnrtv])/g, (_, letter: string) => ECHOED[letter] ?? letter),
  ];
}

/** A number that JSON has passed through has no more than 17 digits left. */
function numberForms(text: string): string[] {
  return /^-?\d+(\.\d+)?$/.test(text) ? [String(Number(text))] : [];
}

/** Base64 on its own, and in the middle of other data: then it depends on how many bytes are before it. */
function base64Forms(text: string): MaskPattern[] {
  const bytes = new TextEncoder().encode(text);
  const whole = encodeBase64(bytes);
  const inner = [0, 1, 2].map((offset) => innerBase64(bytes, offset));
  const patterns = [{ text: whole }, ...inner];
  const urlSafe = (pattern: MaskPattern) => ({
    ...pattern,
    text: pattern.text.replaceAll("+", "-").replaceAll("/", "_"),
  });
  return [...patterns, ...patterns.map(urlSafe)];
}

/** The characters that come of `bytes` alone, wherever they stand after a multiple of three and `offset` bytes. */
function innerBase64(bytes: Uint8Array, offset: number): MaskPattern {
  const shifted = new Uint8Array(offset + bytes.length);
  shifted.set(bytes, offset);
  const firstBit = offset * 8;
  const lastBit = shifted.length * 8;
  const text = encodeBase64(shifted).slice(Math.ceil(firstBit / 6), Math.floor(lastBit / 6));
  return { text, extends: { left: firstBit % 6 !== 0, right: lastBit % 6 !== 0 } };
}
