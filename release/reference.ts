import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { OpenApiDocument } from "../server/openapi.ts";
import { formatApiReference } from "./api_reference.ts";
import { formatCliReference } from "./cli_reference.ts";
import { withServer } from "./with_server.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const ANSWER_MS = 30_000;

/** The pages of `docs/` that are made from the program, by name, as they should be. */
export async function formatReferencePages(): Promise<ReadonlyMap<string, string>> {
  return new Map([
    ["cli_reference.md", await formatMarkdown(formatCliReference())],
    ["http_api.md", await formatMarkdown(formatApiReference(await readApi()))],
  ]);
}

/** What a real server says of itself. */
async function readApi(): Promise<OpenApiDocument> {
  const folder = await Deno.makeTempDir({ prefix: "flow-reference-" });
  const serve = ["serve", "--port", "0", "--db", join(folder, "flow.db")];
  const args = ["run", "--quiet", "-A", join(ROOT, "cli/main.ts"), ...serve];
  try {
    return await withServer({ program: Deno.execPath(), args }, async (url) => {
      const answer = await fetch(`${url}/openapi.json`, { signal: AbortSignal.timeout(ANSWER_MS) });
      return await answer.json();
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** As `deno fmt` leaves it. */
async function formatMarkdown(text: string): Promise<string> {
  const formatter = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--quiet", "--ext", "md", "--config", join(ROOT, "deno.json"), "-"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const output = formatter.output();
  const writer = formatter.stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
  const { success, stdout } = await output;
  if (!success) throw new Error("deno fmt cannot read what was made");
  return new TextDecoder().decode(stdout);
}

/** Where a page of the documentation is. */
export function pathOfPage(name: string): string {
  return join(ROOT, "docs", name);
}

if (import.meta.main) {
  for (const [name, text] of await formatReferencePages()) {
    const before = await readFile(pathOfPage(name), "utf8").catch(() => "");
    if (before !== text) await writeFile(pathOfPage(name), text);
    console.error(`docs/${name}: ${before === text ? "as it was" : "made anew"}`);
  }
}
