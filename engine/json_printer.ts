import type { Note, Tree, TreeEntry, TreeItem, TreeValue } from "./comment_tree.ts";

/** What is wider is broken into lines. */
export const LINE_WIDTH = 120;

/**
 * The one way to write a tree: two spaces per level, one element per line unless the whole list or object fits into
 * one line and was not broken behind its opening bracket, no trailing commas, at most one empty line between elements.
 */
export function printJson(tree: Tree): string {
  const lines = [
    ...printNotes(tree.before, ""),
    ...(tree.isApart && tree.before.length > 0 ? [""] : []),
    `${printValue(tree.value, "", 0)}${printAfter(tree.after)}`,
    ...printNotes(tree.end, ""),
  ];
  return `${withoutFirstGap(lines).join("\n")}\n`;
}

/** `width`: of what stands before and behind the value on its line. */
function printValue(value: TreeValue, indent: string, width: number): string {
  const flat = printFlat(value, LINE_WIDTH - width - indent.length);
  if (flat !== undefined) return flat;
  if (value.kind === "scalar") return value.text;
  const inner = `${indent}  `;
  const last = value.items.length - 1;
  const lines = value.items.flatMap((item, index) => printItem(item, inner, index === last ? "" : ","));
  const [open, close] = bracketsOf(value);
  return [open, ...withoutFirstGap([...lines, ...printNotes(value.end, inner)]), `${indent}${close}`].join("\n");
}

function printItem(item: TreeItem | TreeEntry, indent: string, comma: string): string[] {
  const name = "key" in item ? `${item.key}: ` : "";
  const value = printValue(item.value, indent, name.length + comma.length);
  return [
    ...printNotes(item.before, indent),
    ...(item.isApart ? [""] : []),
    `${indent}${name}${value}${comma}${printAfter(item.after)}`,
  ];
}

function printNotes(notes: readonly Note[], indent: string): string[] {
  return notes.flatMap(({ text, isApart }) => {
    const [first = "", ...rest] = text.split(/\r?\n/);
    // Stars are lined up; what else there is may be a drawing.
    const lined = rest.map((line) => /^\s*\*/.test(line) ? `${indent} ${line.trim()}` : line.trimEnd());
    return [...(isApart ? [""] : []), [indent + first.trimEnd(), ...lined].join("\n")];
  });
}

function printAfter(after: readonly string[]): string {
  return after.map((comment) => ` ${comment.replaceAll("\r\n", "\n")}`).join("");
}

function withoutFirstGap(lines: string[]): string[] {
  return lines[0] === "" ? lines.slice(1) : lines;
}

/** Whether a list or an object may be written in one line, and is not too long for that. */
export function fitsLine(value: TreeValue): boolean {
  return printFlat(value, LINE_WIDTH - 20) !== undefined;
}

/** The value in one line of at most `width`; undefined if it may not or cannot be so. */
function printFlat(value: TreeValue, width: number): string | undefined {
  if (value.kind === "scalar") return value.text;
  const [open, close] = bracketsOf(value);
  if (value.end.length > 0) return undefined;
  if (value.items.length === 0) return open + close;
  if (value.isBroken) return undefined;
  const space = value.kind === "object" ? " " : "";
  let text = open + space;
  for (const [index, item] of value.items.entries()) {
    if (item.before.length + item.after.length > 0) return undefined;
    const name = "key" in item ? `${item.key}: ` : "";
    const inner = printFlat(item.value, width - text.length);
    if (inner === undefined) return undefined;
    text += `${index === 0 ? "" : ", "}${name}${inner}`;
    if (text.length > width) return undefined;
  }
  text += space + close;
  return text.length > width ? undefined : text;
}

function bracketsOf({ kind }: TreeValue): readonly [string, string] {
  return kind === "list" ? ["[", "]"] : ["{", "}"];
}
