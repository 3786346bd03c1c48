import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { compileExpression, loadExpressions } from "../engine/expression.ts";
import { createScope } from "../engine/expression_fixture.ts";
import type { Values } from "../engine/value.ts";
import { sections, tables } from "./markdown.ts";

Deno.test("docs/expressions.md shows what its examples really answer", async () => {
  await loadExpressions();
  const page = await readFile(new URL("../docs/expressions.md", import.meta.url), "utf8");
  const section = sections(page).get("Examples") ?? "";
  const inputs = JSON.parse(/the inputs `(\{[^`]*)`/.exec(section.replaceAll("\n", " "))?.[1] ?? "") as Values;
  const [table] = tables(section);
  assert.ok(table !== undefined && table.rows.length > 10);
  for (const [expression = "", result = ""] of table.rows) {
    const answer = await compileExpression(unquote(expression)).evaluate(createScope({ inputs }));
    assert.equal(JSON.stringify(answer), unquote(result), expression);
  }
});

function unquote(cell: string): string {
  return cell.replaceAll("`", "");
}
