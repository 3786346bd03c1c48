// deno-lint-ignore-file no-control-regex -- control characters are what is looked for

/** CSI, OSC, the other string sequences, and those of two or three characters (ECMA-48, section 5). */
const ESCAPE_SEQUENCE =
  /(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b(?:\][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?|[PX^_][^\x1b\x9c]*(?:\x1b\\|\x9c)?|[ -/]*[0-~])/g;
/** All that moves the cursor or turns the writing direction; tabs are dealt with before. */
const CONTROL = /[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;
const ONLY_PRINTABLE_ASCII = /^[\x20-\x7e]*$/;

/**
 * Foreign text made safe for a terminal, as one line: without escape sequences and control characters. Of text that
 * overwrites itself with carriage returns (progress bars) the last state is kept; lines are joined by spaces.
 */
export function cleanLine(text: string): string {
  if (ONLY_PRINTABLE_ASCII.test(text)) return text;
  const lines = text.split(/\r?\n/).map(lastState).filter((line) => line.trim() !== "");
  return lines.join(" ").replace(ESCAPE_SEQUENCE, "").replaceAll("\t", "    ").replace(CONTROL, "");
}

function lastState(line: string): string {
  return line.split(/\r+/).findLast((part) => part.trim() !== "") ?? "";
}

/** Terminal columns that `text` takes, counted so that it is never less than a terminal needs. No escape sequences. */
export function measureWidth(text: string): number {
  if (ONLY_PRINTABLE_ASCII.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

/** `text` cut to at most `columns`, with an ellipsis if something is missing. */
export function truncate(text: string, columns: number): string {
  if (columns <= 0) return "";
  if (measureWidth(text) <= columns) return text;
  let width = 0;
  let kept = "";
  for (const character of text) {
    width += characterWidth(character);
    if (width > columns - 1) break;
    kept += character;
  }
  return `${kept.replace(/\u200d+$/, "")}…`;
}

/** `text` followed by spaces up to `columns`. */
export function padTo(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - measureWidth(text)));
}

const WIDE_RANGES: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0x4dbf],
  [0x4e00, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x17000, 0x18cff],
  [0x1b000, 0x1b2ff],
  [0x1f200, 0x1f64f],
  [0x1f680, 0x1f6ff],
  [0x1f900, 0x1faff],
  [0x20000, 0x3fffd],
];

function characterWidth(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x300) return 1;
  // Asks for the emoji form of the character before, which is one column wider than its text form.
  if (code === 0xfe0f) return 1;
  if (/[\p{Mn}\p{Me}\p{Cf}]/u.test(character)) return 0;
  if (WIDE_RANGES.some(([first, last]) => code >= first && code <= last)) return 2;
  return /\p{Emoji_Presentation}/u.test(character) ? 2 : 1;
}
