/** A fenced block of code; `info` is all that follows the fence. */
export interface CodeBlock {
  info: string;
  code: string;
  /** Of the opening fence, from 1. */
  line: number;
}

/** A table as its cells; backticks are removed. */
export interface Table {
  head: string[];
  rows: string[][];
}

/** All fenced blocks, in order. */
export function codeBlocks(markdown: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  for (const match of markdown.matchAll(/^```(.*)\n([^]*?)^```$/gm)) {
    const line = markdown.slice(0, match.index).split("\n").length;
    blocks.push({ info: match[1] ?? "", code: match[2] ?? "", line });
  }
  return blocks;
}

/** The text below each heading of level two, by heading. */
export function sections(markdown: string): Map<string, string> {
  const parts = markdown.split(/^## /m).slice(1);
  return new Map(parts.map((part) => {
    const [heading = "", ...body] = part.split("\n");
    return [heading.replaceAll("`", ""), body.join("\n")];
  }));
}

/** All tables, in order. */
export function tables(markdown: string): Table[] {
  const found: Table[] = [];
  for (const [block] of markdown.matchAll(/(^\|.*\|\n?)+/gm)) {
    const [head = [], , ...rows] = block.trim().split("\n").map(cells);
    found.push({ head, rows });
  }
  return found;
}

function cells(row: string): string[] {
  return row.slice(1, -1).split(/(?<!\\)\|/).map((cell) =>
    cell.trim().replaceAll("`", "").replace(/^_(.+)_$/, "$1").replaceAll("\\|", "|")
  );
}
