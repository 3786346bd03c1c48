import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { endings } from "../server/live/sink.ts";
import { codeBlocks, tables } from "./markdown.ts";
import { type FlowServer, withFlowServer } from "./support/flow_server.ts";
import { ROOT } from "./support/shell.ts";

const PAGE = "docs/events.md";
const text = await readFile(join(ROOT, PAGE), "utf8");

const examples = codeBlocks(text).filter(({ info }) => info === "sh" || info === "js");

for (const { info, code, line } of examples) {
  Deno.test(`${PAGE}:${line} shows every event`, async () => {
    await withFlowServer({}, async (server) => {
      const output = info === "sh" ? await runShell(server, code) : await runBrowserCode(server, code);
      for (const type of ["NodeEvent", "NodeCompleted", "WorkflowCompleted"]) assert.ok(output.includes(type), output);
    });
  });
}

Deno.test(`${PAGE} lists every way in which a stream ends`, () => {
  const rows = tables(text).find(({ head }) => head[0] === "reason")?.rows ?? [];
  const documented = rows.map(([reason, code]) => [reason, Number(code)]).sort();
  assert.deepEqual(documented, Object.entries(endings).map(([reason, { close_code }]) => [reason, close_code]).sort());
});

async function runShell(server: FlowServer, code: string): Promise<string> {
  const { execution_id } = await server.startLines({ count: 3 });
  const env = { URL: server.url, ID: execution_id };
  const { success, stdout, stderr } = await new Deno.Command("sh", { args: ["-c", code], env }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

/** In Deno, whose globals are a browser's; EventSource comes from a package. */
async function runBrowserCode(server: FlowServer, code: string): Promise<string> {
  const { execution_id } = await server.startLines({ count: 3 });
  const globals = `import { EventSource } from "eventsource";\nconst URL = ${JSON.stringify(server.url)};\n` +
    `const ID = ${JSON.stringify(execution_id)};\n`;
  const file = await Deno.makeTempFile({ suffix: ".js" });
  try {
    await Deno.writeTextFile(file, globals + code);
    const args = ["run", "--quiet", "-A", "--config", join(ROOT, "deno.json"), file];
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    return new TextDecoder().decode(stdout);
  } finally {
    await Deno.remove(file);
  }
}
