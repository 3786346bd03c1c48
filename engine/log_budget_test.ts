import assert from "node:assert/strict";
import { createWorkflow } from "../tests/support/events.ts";
import { createPolicy, Lab } from "../tests/support/lab.ts";
import type { NodeEventBody } from "./events.ts";
import { LogBudget, MAX_LOG_BYTES } from "./log_budget.ts";

const MEBIBYTE = 1024 * 1024;
const line = (length: number): NodeEventBody => ({ event_type: "StdoutLine", line: "x".repeat(length) });

/** What gets through of `count` equal events. */
function admitAll(event: NodeEventBody, count: number): NodeEventBody[] {
  const budget = new LogBudget();
  return Array.from({ length: count }, () => budget.admit(event)).filter((it) => it !== undefined);
}

Deno.test("LogBudget: lines pass until the budget is spent, then one notice comes, then nothing", () => {
  const event = line(MEBIBYTE);
  const admitted = admitAll(event, 100);
  assert.equal(admitted.length, 16);
  assert.ok(admitted.slice(0, 15).every((it) => it === event), "what passes passes unchanged");
  const notice = admitted[15];
  assert.ok(notice?.event_type === "Warning");
  assert.match(notice.message, /^Log truncated: .* more than 16777216 bytes/);
});

Deno.test("LogBudget: a single line that is larger than the budget is replaced by the notice", () => {
  assert.deepEqual(admitAll(line(MAX_LOG_BYTES), 3).map(({ event_type }) => event_type), ["Warning"]);
});

Deno.test("LogBudget: empty lines are not free", () => {
  const admitted = admitAll(line(0), 300_000);
  assert.ok(admitted.length < 300_000 && admitted.at(-1)?.event_type === "Warning");
});

Deno.test("LogBudget counts whatever a node says: messages, progress and data", () => {
  const text = "x".repeat(MEBIBYTE);
  const events: NodeEventBody[] = [
    { event_type: "Info", message: text },
    { event_type: "Warning", message: text },
    { event_type: "Progress", percent: 1, message: text },
    { event_type: "Data", port: "out", value: { rows: [text] } },
    { event_type: "Data", port: "out", value: new Uint8Array(MEBIBYTE) },
    { event_type: "StderrLine", line: text },
  ];
  for (const event of events) {
    const { length } = admitAll(event, 40);
    assert.ok(length > 10 && length <= 17, `${length} events of ${event.event_type}`);
  }
});

Deno.test("every attempt of a node has a log budget of its own", async () => {
  const lab = new Lab({
    a({ stdout, attempt }) {
      for (let i = 0; i < 20; i++) stdout("x".repeat(MEBIBYTE));
      if (attempt === 1) throw new Error("once more");
      return {};
    },
  });
  const retry_policy = createPolicy({ delay_ms: 0 });
  const workflow = createWorkflow([{ id: "a", node_type: "test.node", config: {}, retry_policy }]);
  const handle = await lab.openEngine().start(workflow, { execution_id: "e" });
  assert.equal((await lab.clock.run(handle.result)).status, "succeeded");
  const notices = (await lab.events("e")).filter((event) =>
    event.type === "NodeEvent" && event.event.event_type === "Warning"
  );
  assert.equal(notices.length, 2);
});
