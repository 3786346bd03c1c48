import assert from "node:assert/strict";
import type { EventBody } from "../../engine/events.ts";
import type { Workflow } from "../../engine/workflow.ts";
import { createEvents, createWorkflow } from "../../tests/support/events.ts";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { createFakeOutput } from "../../tests/support/fake_output.ts";
import { TerminalScreen } from "../../release/terminal_screen.ts";
import { createStyle } from "../style.ts";
import { LiveTree } from "./live_tree.ts";

const START: EventBody = { type: "WorkflowStarted", workflow_id: "w", total_nodes: 3 };

function started(node_id: string, attempt = 1): EventBody {
  return { type: "NodeStarted", node_id, node_type: "test.node", attempt };
}

function printed(node_id: string, line: string): EventBody {
  return { type: "NodeEvent", node_id, event: { event_type: "StdoutLine", line } };
}

function completed(node_id: string): EventBody {
  return { type: "NodeCompleted", node_id, outputs: {}, duration_ms: 1500 };
}

/** A tree on an emulated terminal, and the time at which its events are told. */
function openTree(workflow: Workflow, { rows = 24, columns = 80, verbose = false } = {}) {
  const clock = new FakeClock(Date.UTC(2030, 0, 1));
  const { output, text } = createFakeOutput();
  const size = { rows, columns };
  const screen = new TerminalScreen(rows, columns);
  const tree = new LiveTree({ workflow, output, style: createStyle(false), size: () => size, clock, verbose });
  let shown = 0;
  const show = async () => {
    await output.flush();
    // The terminal driver does that.
    screen.write(text().slice(shown).replaceAll("\n", "\r\n"));
    shown = text().length;
    return screen.lines;
  };
  const tell = async (...bodies: EventBody[]) => {
    for (const event of createEvents(...bodies)) tree.onEvent(event);
    await clock.advance(100);
    return await show();
  };
  const resize = (newRows: number, newColumns: number) => {
    Object.assign(size, { rows: newRows, columns: newColumns });
    screen.resize(newRows, newColumns);
  };
  return { tree, clock, screen, show, tell, resize, text };
}

const retrying: EventBody = {
  type: "NodeRetrying",
  node_id: "b",
  attempt: 1,
  delay_ms: 4000,
  error: { code: "timeout", message: "Took too long" },
};

Deno.test("LiveTree shows where every node stands, and what runs with its last lines", async () => {
  const b = {
    id: "b",
    node_type: "test.node",
    name: "Build it",
    config: {},
    retry_policy: { ...policy, max_attempts: 3 },
  };
  const { tell, tree } = openTree(createWorkflow(["a", b, "c"], ["a > c"]));
  const lines = await tell(START, started("a"), started("b"), printed("a", "x\x1b[2J"), retrying);
  assert.equal(lines[0], "Demo  e-1");
  assert.match(lines[1] ?? "", /^ {2}[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] a {9}\d+ms$/);
  assert.equal(lines[2], "      │ x");
  assert.match(lines[3] ?? "", /^ {2}↻ Build it {2}attempt 2\/3 in \d\.\ds {2}Took too long$/);
  assert.equal(lines[4], "  · c");
  assert.match(lines[5] ?? "", /1 running, 1 retrying, 1 waiting$/);
  assert.equal(lines.length, 6);
  tree.end();
});

const policy = { delay_ms: 1, backoff_multiplier: 2, max_delay_ms: null, retry_on_timeout: true, jitter: 0 };

Deno.test("LiveTree draws in place, at most about twelve times a second, and leaves its last picture", async () => {
  const { tell, tree, show, screen, text } = openTree(createWorkflow(["a", "b"]));
  await tell(START, started("a"), ...Array.from({ length: 500 }, (_, n) => printed("a", `line ${n}`)));
  const pictures = text().split("Demo").length - 1;
  assert.ok(pictures <= 3, `${pictures} pictures`);
  await tell(completed("a"), started("b"), { type: "NodeFailed", node_id: "b", duration_ms: 20, error: FAILED });
  await tell({ type: "WorkflowCompleted", success: false, status: "failed", duration_ms: 2000 });
  tree.end();
  tree.end();
  assert.deepEqual(await show(), [
    "Demo  e-1",
    "  ✓ a  1.5s",
    "      │ line 497",
    "      │ line 498",
    "      │ line 499",
    "  ✗ b  20ms  Exit code 3",
    "failed in 2.0s  1 succeeded, 1 failed",
  ]);
  assert.equal(screen.isCursorVisible, true);
});

const FAILED = { code: "exit_code", message: "Exit code 3" } as const;

Deno.test("LiveTree prints messages for good above the tree, and with verbose all that nodes print", async () => {
  const info: EventBody = { type: "NodeEvent", node_id: "a", event: { event_type: "Info", message: "two\nlines" } };
  const quiet = openTree(createWorkflow(["a"]));
  assert.deepEqual((await quiet.tell(START, started("a"), info, printed("a", "x"))).slice(0, 3), [
    "a | two",
    "a | lines",
    "Demo  e-1",
  ]);
  quiet.tree.end();
  const verbose = openTree(createWorkflow(["a"]), { verbose: true });
  assert.deepEqual((await verbose.tell(START, started("a"), printed("a", "x"))).slice(0, 2), ["a | x", "Demo  e-1"]);
  verbose.tree.end();
});

Deno.test("LiveTree is never higher than the terminal: running nodes first, then failed and recent ones", async () => {
  const ids = Array.from({ length: 1000 }, (_, n) => `n${n}`);
  const { tell, tree, text } = openTree(createWorkflow(ids), { rows: 9 });
  const failed: EventBody = { type: "NodeFailed", node_id: "n1", duration_ms: 1, error: FAILED };
  const lines = await tell(START, started("n0"), started("n1"), failed, started("n2"), completed("n2"), started("n3"));
  assert.deepEqual(lines.slice(1, 5).map((line) => line.slice(4, 6)), ["n0", "n3", "n1", "n2"]);
  assert.match(lines[5] ?? "", /… and 996 more nodes/);
  assert.ok(lines.length <= 8);
  assert.ok(text().split("\n").length < 100);
  tree.end();
});

Deno.test("LiveTree finds its place again when the terminal has become narrower", async () => {
  const { tell, tree, resize } = openTree(createWorkflow(["a"]), { columns: 60 });
  await tell(START, started("a"), printed("a", "y".repeat(200)));
  resize(24, 20);
  const lines = await tell(completed("a"));
  assert.deepEqual(lines.map((line) => line.slice(0, 19)), lines);
  assert.equal(lines.filter((line) => line.startsWith("Demo")).length, 1);
  assert.equal(lines.length, 4);
  tree.end();
});

Deno.test("LiveTree starts its picture over when the workflow is retried", async () => {
  const { tell, tree } = openTree(createWorkflow(["a", "b"], ["a > b"]));
  const lines = await tell(START, started("a"), { type: "NodeFailed", node_id: "a", duration_ms: 1, error: FAILED }, {
    type: "WorkflowRetrying",
    attempt: 2,
    error: FAILED,
  });
  assert.deepEqual(lines.slice(1, 3), ["  · a", "  · b"]);
  assert.match(lines[3] ?? "", / {2}2 waiting$/);
  tree.end();
});

Deno.test("LiveTree keeps a remark in sight until the end", async () => {
  const { tell, tree, show } = openTree(createWorkflow(["a"]));
  await tell(START, started("a"));
  tree.notify("Cancelling…");
  assert.equal((await show()).at(-1), "Cancelling…");
  tree.end();
  assert.notEqual((await show()).at(-1), "Cancelling…");
});

Deno.test("LiveTree counts the items of a node while they run, and says at the end how many failed", async () => {
  const { tell, tree } = openTree(createWorkflow(["a"]));
  const begun = (index: number): EventBody => ({ ...started("a"), index }) as EventBody;
  const ended = (index: number): EventBody => ({ ...completed("a"), index }) as EventBody;
  const expanded: EventBody = { type: "NodeExpanded", node_id: "a", items: Array.from({ length: 100 }, (_, i) => i) };
  const items = Array.from({ length: 36 }, (_, index) => [begun(index), ended(index)]).flat();
  const failed: EventBody = { type: "NodeFailed", node_id: "a", index: 36, error: FAILED, duration_ms: 1 };
  const running = await tell(START, started("a"), expanded, ...items, begun(36), failed);
  assert.match(running[1] ?? "", / a {2}\d.*s {2}37 of 100 items, 1 failed$/);
  const all = await tell({ ...completed("a"), failed_items: 1 } as EventBody);
  assert.match(all[1] ?? "", /✓ a {2}1\.5s {2}36 of 100 items, 1 failed$/);
  tree.end();
});

Deno.test("LiveTree shows the nodes of handlers once they run, and counts them apart", async () => {
  const { tell, tree } = openTree(createWorkflow(["a"]));
  const [begun, ended] = [started("clean"), completed("clean")].map((body) =>
    ({ ...body, handler: "on_exit" }) as EventBody
  );
  const running = await tell(START, started("a"), completed("a"), begun ?? START);
  assert.match(running[2] ?? "", /^ {2}. clean {2}\d+(ms|\.\ds)$/);
  assert.match(running[3] ?? "", / 1 succeeded$/);
  assert.match((await tell(ended ?? START))[2] ?? "", /^ {2}✓ clean {2}1\.5s$/);
  tree.end();
});
