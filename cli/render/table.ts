import { cleanLine, measureWidth } from "./text.ts";

/** One cell of a table. */
export interface Cell {
  text: string;
  paint?: (text: string) => string;
  /** Numbers are easier to compare when they end in the same column. */
  isRight?: boolean;
}

/** Rows as lines of text, in columns as wide as their widest cell; nothing follows the last cell of a row. */
export function formatTable(rows: readonly (readonly Cell[])[], indent = ""): string {
  const widths: number[] = [];
  const clean = rows.map((row) => row.map((cell) => ({ ...cell, text: cleanLine(cell.text) })));
  for (const row of clean) {
    for (const [column, { text }] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, measureWidth(text));
  }
  return clean.map((row) => `${indent}${formatRow(row, widths)}\n`).join("");
}

function formatRow(row: readonly Cell[], widths: readonly number[]): string {
  const last = row.findLastIndex(({ text }) => text !== "");
  return row.slice(0, last + 1).map(({ text, paint, isRight }, column) => {
    const gap = " ".repeat((widths[column] ?? 0) - measureWidth(text));
    const painted = paint === undefined ? text : paint(text);
    if (isRight) return gap + painted;
    return column === last ? painted : painted + gap;
  }).join("  ");
}
