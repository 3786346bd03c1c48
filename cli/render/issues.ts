import { formatIssue, type Issue } from "../../engine/issue.ts";
import type { Style } from "../style.ts";
import { cleanLine } from "./text.ts";

/** Each problem as `file:line:column: severity: message`, the form that editors jump to, and what to do about it. */
export function formatIssues(issues: readonly Issue[], style: Style): string {
  return issues.map((issue) => {
    const mark = issue.severity === "error" ? style.red("error:") : style.yellow("warning:");
    const place = cleanLine(formatIssue({ ...issue, message: "" }).trimEnd());
    const line = `${place === "" ? "" : `${place} `}${mark} ${cleanText(issue.message)}\n`;
    return issue.hint === undefined ? line : `${line}  ${style.dim(cleanText(issue.hint))}\n`;
  }).join("");
}

function cleanText(text: string): string {
  return text.split("\n").map(cleanLine).join("\n  ");
}
