import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type CodeBlock, codeBlocks } from "../markdown.ts";
import { type Finished, ROOT, runShell, withPrograms } from "./shell.ts";

/**
 * Follows a page from top to bottom, as its reader would, in an empty folder:
 *
 * - `yaml NAME.yaml` (or another format) writes a file;
 * - `sh` runs and must end with 0; `sh 3` with 3;
 * - `text output` is what the `sh` before it has written, but for times, ids and the order of lines;
 * - the port 3456 is any that is free;
 * - everything else, such as documents of other programs, must be one of `known`.
 */
export function testWalkthrough(page: string, known: readonly string[] = []): void {
  Deno.test(`${page}: every command runs, in the order of the page, and writes what the page shows`, async () => {
    const blocks = codeBlocks(await readFile(join(ROOT, page), "utf8"));
    assert.ok(blocks.some(({ info }) => /^sh\b/.test(info)), "there is something to run");
    await withPrograms(async (programs) => {
      const folder = join(programs, "work");
      await mkdir(folder);
      const port = freePort();
      let last: Finished | undefined;
      for (const block of blocks) last = await follow(block, { port, page, programs, folder, known }, last);
    });
  });
}

interface Walk {
  port: number;
  page: string;
  programs: string;
  folder: string;
  known: readonly string[];
}

async function follow({ info, code, line }: CodeBlock, walk: Walk, last?: Finished): Promise<Finished | undefined> {
  const place = `${walk.page}:${line}`;
  const [, name] = /^\w+ ([\w.]+\.\w+)$/.exec(info) ?? [];
  const [, expected = "0"] = /^sh(?: (\d+))?$/.exec(info) ?? [];
  if (name !== undefined) {
    await writeFile(join(walk.folder, name), code);
  } else if (/^sh\b/.test(info)) {
    // What a block has started ends with it, also if it fails in the middle.
    const before = `set -e; trap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT
export PYTHONPATH="${join(ROOT, "python")}"`;
    const script = `${before}\n${code.replaceAll("3456", String(walk.port))}`;
    const finished = await runShell(script, walk.programs, walk.folder);
    assert.equal(finished.code, Number(expected), `${place}:\n${finished.stdout}${finished.stderr}`);
    return finished;
  } else if (info === "text output") {
    assert.ok(last !== undefined, place);
    assert.deepEqual(normalize(last.stdout + last.stderr), normalize(code), place);
  } else {
    assert.ok(walk.known.includes(info), `${place}: nothing is done with "${info}"`);
  }
  return last;
}

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  listener.close();
  return listener.addr.port;
}

/** Lines without what differs from run to run; what runs at the same time may change places. */
function normalize(text: string): string[] {
  return text.trim().split("\n").map((line) =>
    line.replaceAll(/\d\d:\d\d:\d\d\.\d{3}/g, "TIME").replaceAll(/\b\d+(\.\d+)?(ms|s)\b/g, "DURATION")
      .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "ID").replaceAll(/just now|DURATION ago/g, "AGE")
      .replaceAll(/127\.0\.0\.1:\d+/g, "ADDRESS").replaceAll(/ +/g, " ").trimEnd()
  ).sort();
}
