import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { withFiles } from "./support/cli.ts";

const MAIN = fileURLToPath(new URL("../cli/main.ts", import.meta.url));
const WORKFLOW = { id: "one", nodes: [{ id: "only", node_type: "debug.log" }] };

/** What Deno loads when it is first asked for: 3 to 13 ms of CPU each, where a bare script takes 15 in all. */
const LATE = ["Buffer", "process", "ReadableStream", "Request", "WebSocket"];

/** Goes before the program, and says on stderr which of these it asks for. */
const WATCH = `
  const report = (name) => Deno.stderr.writeSync(new TextEncoder().encode("loads " + name + "\\n"));
  for (const name of ${JSON.stringify(LATE)}) {
    const { get } = Object.getOwnPropertyDescriptor(globalThis, name);
    Object.defineProperty(globalThis, name, { get: () => (report(name), get.call(globalThis)), configurable: true });
  }
  globalThis.Intl = new Proxy(Intl, { get: (intl, name) => (report("Intl." + String(name)), intl[name]) });
`;

Deno.test("flow run of a node that only computes asks for nothing that the runtime loads late", async () => {
  await withFiles({ "one.json": WORKFLOW, "watch.js": WATCH }, async (path) => {
    const args = ["run", "-A", "--preload", path("watch.js"), MAIN, "run", path("one.json"), "--db", path("flow.db")];
    const process = new Deno.Command(Deno.execPath(), { args, env: { NO_COLOR: "1" } });
    const { code, stderr } = await process.output();
    const text = new TextDecoder().decode(stderr);
    assert.equal(code, 0, text);
    assert.match(text, /succeeded in/);
    assert.doesNotMatch(text, /loads/);
  });
});
