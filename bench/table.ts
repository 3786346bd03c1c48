import type { Summary } from "./figure.ts";

/** The summaries for people; one line each. */
export function formatTable(summaries: readonly Summary[]): string {
  const head = ["figure", "best", "median", "unit", "floor (best)", "x floor", "budget", ""];
  const rows = [head, ...summaries.map(formatRow)];
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ").trimEnd());
  const notes = [...new Set(summaries.flatMap(({ note }) => note === undefined ? [] : [note]))];
  return [...lines, "", ...notes.map((note) => `* ${note}`)].join("\n");
}

function formatRow({ name, unit, best, median, floor, ratio, budget }: Summary): string[] {
  return [
    name,
    formatNumber(best),
    formatNumber(median),
    unit,
    floor === undefined ? "" : `${formatNumber(floor.best)} ${floor.name}`,
    ratio === undefined ? "" : formatNumber(ratio.best),
    budget === undefined ? "" : formatBudget(budget),
    budget === undefined ? "" : budget.met ? "met" : "MISSED",
  ];
}

function formatBudget(budget: NonNullable<Summary["budget"]>): string {
  const what = { value: "", ratio: "x floor", difference: "over floor" }[budget.of];
  return `${formatNumber(budget.limit)} ${what} (is ${formatNumber(budget.is)})`.replace("  ", " ");
}

function formatNumber(value: number): string {
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString("en");
  return value.toFixed(Math.abs(value) >= 100 ? 0 : 2);
}
