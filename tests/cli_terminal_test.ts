import assert from "node:assert/strict";
import { runFlowInTerminal, shellWorkflow, whyNoTerminal, withFiles } from "./support/cli.ts";

const reason = whyNoTerminal();

/** A test that needs a pseudo-terminal; says in its name why it is skipped. */
function terminalTest(name: string, work: () => Promise<void>): void {
  Deno.test({
    name: reason === undefined ? name : `${name} (skipped: ${reason})`,
    ignore: reason !== undefined,
    fn: work,
  });
}

const pair = shellWorkflow({ first: "echo one; echo two", second: "cat" }, ["first > second"]);

terminalTest("flow run draws a live tree on a terminal, and its last picture stays", async () => {
  await withFiles({ "pair.json": pair }, async (path) => {
    const { code, screen, raw } = await runFlowInTerminal(["run", path("pair.json")]);
    assert.equal(code, 0, raw);
    assert.match(screen.lines[0] ?? "", /^Test workflow {2}[0-9a-f-]{36}$/);
    assert.match(screen.lines[1] ?? "", /^ {2}✓ first {3}\d+ms$/);
    assert.deepEqual(screen.lines.slice(2, 4), ["      │ one", "      │ two"]);
    assert.match(screen.lines[4] ?? "", /^ {2}✓ second {2}\d+ms$/);
    assert.match(screen.lines.join("\n"), /^succeeded in \d+ms {2}2 nodes\nsecond\n {2}output:\n {4}one\n {4}two$/m);
    assert.equal(screen.wrapped, 0);
    assert.equal(screen.isCursorVisible, true);
    // deno-lint-ignore no-control-regex -- colors are what is looked for
    assert.match(raw, /\x1b\[32m✓/);
  });
});

terminalTest("flow run keeps its picture whole whatever nodes print", async () => {
  const nasty = "printf '50%%\\r100%% done\\n'; head -c 500 /dev/zero | tr '\\0' x; " +
    "printf '\\nwide \\033[2J\\033[10A\\033]0;title\\007日本語 🎉👩‍👩‍👧\\ttab 한국어 한국어\\n\\033[?1049h\\n'; sleep 0.3";
  await withFiles({ "nasty.json": shellWorkflow({ nasty, other: "true" }) }, async (path) => {
    const { code, screen } = await runFlowInTerminal(["run", path("nasty.json")], { columns: 40 });
    assert.equal(code, 0);
    assert.match(screen.lines[0] ?? "", /^Test workflow/);
    assert.match(screen.lines[1] ?? "", /^ {2}✓ nasty/);
    assert.equal(screen.lines[2], "      │ 100% done");
    assert.equal(screen.lines[3], `      │ ${"x".repeat(30)}…`);
    assert.equal(screen.lines[4], "      │ wide 日本語 🎉👩‍👩‍👧    tab 한…");
    assert.match(screen.lines[5] ?? "", /^ {2}✓ other/);
  });
});

terminalTest("flow run shows what fits when there are more nodes than lines", async () => {
  const commands: Record<string, string> = {};
  for (let n = 1; n <= 30; n++) commands[`node_${n}`] = n === 7 ? "exit 3" : "sleep 0.1";
  const workflow = { ...shellWorkflow(commands), settings: { on_error: "ContinueOnError" } };
  await withFiles({ "many.json": workflow }, async (path) => {
    const { code, screen, raw } = await runFlowInTerminal(["run", path("many.json"), "--quiet"], { rows: 10 });
    assert.equal(code, 3);
    assert.deepEqual(screen.lines.filter((line) => line.includes("✓")), [], raw);
    const live = await runFlowInTerminal(["run", path("many.json")], { rows: 10 });
    assert.equal(live.code, 3);
    assert.match(live.raw, /… and \d+ more nodes/);
    assert.equal(live.screen.lines.filter((line) => line.startsWith("Test workflow")).length, 1);
    assert.equal(live.screen.lines.filter((line) => /^ {2}[✓✗] node_\d+/.test(line)).length, 30);
    assert.match(live.screen.lines.join("\n"), /failed in \d+ms {2}29 succeeded, 1 failed\n/);
  });
});

terminalTest("Ctrl-C in a terminal cancels, says how to kill, and gives the cursor back", async () => {
  await withFiles({
    "slow.json": shellWorkflow({ slow: "trap 'sleep 0.3; exit 1' TERM; echo ready; sleep 60 & wait" }),
  }, async (path) => {
    const { code, screen, raw } = await runFlowInTerminal(["run", path("slow.json")], {
      steps: [["│ ready", "send:\\x03"]],
    });
    assert.equal(code, 130, raw);
    assert.match(raw, /Cancelling… press Ctrl-C again to kill/);
    assert.match(screen.lines.join("\n"), /⊘ slow .*\n[^]*cancelled in /);
    assert.equal(screen.isCursorVisible, true);
  });
});

terminalTest("a second Ctrl-C in a terminal gives the cursor back too", async () => {
  await withFiles(
    { "stubborn.json": shellWorkflow({ a: "trap '' TERM; echo ready; while :; do sleep 1; done" }) },
    async (path) => {
      const steps = [["│ ready", "send:\\x03"], ["Cancelling", "send:\\x03"]] as const;
      const { code, screen } = await runFlowInTerminal(["run", path("stubborn.json")], { steps });
      assert.equal(code, 130);
      assert.equal(screen.isCursorVisible, true);
    },
  );
});

terminalTest("a second Ctrl-C says Killed, and draws what did not end as interrupted", async () => {
  const module = `import { defineNode } from "flowengine";
    export const nodes = [defineNode({ type: "my.deaf", version: 1, summary: "Ignore everything", category: "test",
      config: {}, inputs: {}, outputs: {}, run: () => new Promise((resolve) => setTimeout(resolve, 60_000)) })];`;
  const workflow = shellWorkflow({ polite: "echo ready; sleep 60" });
  const deaf = { id: "deaf", node_type: "my.deaf", config: {} };
  await withFiles({ "nodes.ts": module, "w.json": { ...workflow, nodes: [...workflow.nodes, deaf] } }, async (path) => {
    const steps = [["│ ready", "send:\\x03"], ["Interrupted by SIGINT", "send:\\x03"]] as const;
    const args = ["run", path("w.json"), "--nodes", path("nodes.ts")];
    const { code, screen } = await runFlowInTerminal(args, { steps });
    assert.equal(code, 130);
    assert.equal(screen.isCursorVisible, true);
    const text = screen.lines.join("\n");
    assert.match(text, / {2}! deaf {4}interrupted\ninterrupted after \S+ {2}1 interrupted, 1 cancelled\nKilled/);
  });
});

terminalTest("Ctrl-\\ cancels like SIGTERM, and gives the cursor back", async () => {
  await withFiles({ "slow.json": shellWorkflow({ slow: "echo ready; sleep 60" }) }, async (path) => {
    const steps = [["│ ready", "send:\\x1c"]] as const;
    const { code, screen } = await runFlowInTerminal(["run", path("slow.json")], { steps });
    assert.equal(code, 130);
    assert.match(screen.lines.join("\n"), /⊘ slow .*SIGQUIT\n[^]*cancelled in /);
    assert.equal(screen.isCursorVisible, true);
  });
});

terminalTest("flow run survives a terminal that is made smaller", async () => {
  await withFiles({ "slow.json": shellWorkflow({ a: "echo ready; sleep 0.5", b: "sleep 0.6" }) }, async (path) => {
    const steps = [["│ ready", "resize:10x30"]] as const;
    const { code, raw } = await runFlowInTerminal(["run", path("slow.json")], { steps });
    assert.equal(code, 0);
    const last = raw.slice(raw.lastIndexOf("Test workflow"));
    assert.doesNotMatch(last, /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}/, "the execution id has to be cut");
  });
});

terminalTest("NO_COLOR takes the colors of a terminal away", async () => {
  await withFiles({ "pair.json": pair }, async (path) => {
    const { raw } = await runFlowInTerminal(["run", path("pair.json")], { env: { NO_COLOR: "1" } });
    // deno-lint-ignore no-control-regex -- colors are what is looked for
    assert.doesNotMatch(raw, /\x1b\[\d*m/);
  });
});

terminalTest("flow run --verbose keeps every line that nodes print", async () => {
  await withFiles({ "chatty.json": shellWorkflow({ a: "seq 1 30" }) }, async (path) => {
    const { screen } = await runFlowInTerminal(["run", path("chatty.json"), "--verbose"], { rows: 12 });
    const lines = screen.lines.filter((line) => line.startsWith("a | "));
    assert.deepEqual(lines, Array.from({ length: 30 }, (_, n) => `a | ${n + 1}`));
  });
});
