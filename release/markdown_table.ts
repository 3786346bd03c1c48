/** A table in Markdown; `|` in cells has to be escaped already. */
export function formatMarkdownTable(head: readonly string[], rows: readonly string[][]): string {
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
