import assert from "node:assert/strict";
import { awaitNoSurvivors } from "./chaos/survivors.ts";
import { runFlow, runFlowInTerminal, whyNoTerminal, withFiles } from "./support/cli.ts";

/** A module with a node type `my.node` that runs `body`. */
function nodeModule(body: string): string {
  return `import { anyPorts, defineNode } from "flowengine";
export const nodes = [defineNode({
  type: "my.node", version: 1, summary: "Misbehave", category: "test", config: {}, inputs: {}, outputs: anyPorts(),
  async run(ctx) { ${body} },
})];`;
}

/** The misbehaving node beside a command that would run for long, whose process carries `mark`. */
function besideSleep(mark: string) {
  return {
    id: "beside",
    nodes: [
      { id: "mine", node_type: "my.node" },
      { id: "sleep", node_type: "shell.exec", config: { command: "sleep", args: ["60"], env: { SIDE: mark } } },
    ],
  };
}

const STRAYS = {
  "a rejection": 'setTimeout(() => Promise.reject(new Error("astray")), 300); await ctx.sleep(60_000); return {};',
  "an exception": 'setTimeout(() => { throw new Error("astray"); }, 300); await ctx.sleep(60_000); return {};',
};

for (const [what, body] of Object.entries(STRAYS)) {
  Deno.test(`flow run ends all that runs when ${what} of a node is not handled, and says so`, async () => {
    const mark = crypto.randomUUID();
    await withFiles({ "nodes.ts": nodeModule(body), "flow.json": besideSleep(mark) }, async (path) => {
      const args = ["run", path("flow.json"), "--nodes", path("nodes.ts")];
      const { code, stdout, stderr } = await runFlow(args);
      assert.equal(code, 1, stderr);
      assert.equal(stdout, "");
      assert.match(stderr, /^error: Nobody handled the error: astray\n hint: .*--debug.*\n$/m);
      assert.match(stderr, /cancelled in /);
      assert.doesNotMatch(stderr, /nodes\.ts:\d/, "stacks are for --debug");
      if (Deno.build.os === "linux") assert.deepEqual(await awaitNoSurvivors(mark), []);
      const { stderr: debug } = await runFlow([...args, "--debug"]);
      assert.match(debug, /nodes\.ts:\d/);
    });
  });
}

const reason = whyNoTerminal();

Deno.test({
  name: `flow run gives the cursor back after an error that nobody handled${reason ? ` (skipped: ${reason})` : ""}`,
  ignore: reason !== undefined,
  async fn() {
    const files = { "nodes.ts": nodeModule(STRAYS["a rejection"]), "flow.json": besideSleep(crypto.randomUUID()) };
    await withFiles(files, async (path) => {
      const { code, screen } = await runFlowInTerminal(["run", path("flow.json"), "--nodes", path("nodes.ts")]);
      assert.equal(code, 1);
      assert.equal(screen.isCursorVisible, true);
      assert.match(screen.lines.join("\n"), /⊘ sleep/);
    });
  },
});

Deno.test("a module of the user's that rejects while it loads ends flow in order", async () => {
  const files = {
    "nodes.ts": `Promise.reject(new Error("astray")); await new Promise(() => setTimeout(() => {}, 60_000));`,
  };
  await withFiles(files, async (path) => {
    const { code, stderr } = await runFlow(["nodes", "--nodes", path("nodes.ts")]);
    assert.equal(code, 1);
    assert.match(stderr, /^error: Nobody handled the error: astray\n hint: /);
  });
});

Deno.test("what a node writes to the console goes to stderr, so that stdout stays the result", async () => {
  const body =
    'console.log("told %s", "you", { a: 1 }); console.info("info"); console.debug("debug"); return { b: 2 };';
  const workflow = { id: "talks", nodes: [{ id: "mine", node_type: "my.node" }] };
  await withFiles({ "nodes.ts": nodeModule(body), "flow.json": workflow }, async (path) => {
    const args = ["run", path("flow.json"), "--nodes", path("nodes.ts")];
    const { code, stdout, stderr } = await runFlow(args);
    assert.equal(code, 0, stderr);
    assert.deepEqual(JSON.parse(stdout), { mine: { b: 2 } });
    assert.match(stderr, /^told you \{ a: 1 \}\ninfo\ndebug$/m);
    const { stdout: events } = await runFlow([...args, "--json"]);
    for (const line of events.trim().split("\n")) JSON.parse(line);
    const quiet = await runFlow([...args, "--quiet"]);
    assert.equal(quiet.stderr, "told you { a: 1 }\ninfo\ndebug\n");
  });
});

Deno.test("a node cannot end the whole program", async () => {
  const workflow = { id: "exits", nodes: [{ id: "mine", node_type: "my.node" }] };
  for (const call of ["(globalThis.Deno ?? process).exit(0)", "await ctx.sleep(10); globalThis.process.exit(0)"]) {
    await withFiles({ "nodes.ts": nodeModule(call), "flow.json": workflow }, async (path) => {
      const { code, stderr } = await runFlow(["run", path("flow.json"), "--nodes", path("nodes.ts")]);
      assert.equal(code, 3, stderr);
      assert.match(stderr, /^error: .*tried to end the whole program\n hint: .*throw an error/m);
    });
  }
});
