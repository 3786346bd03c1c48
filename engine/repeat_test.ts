import assert from "node:assert/strict";
import { createPolicy, Lab } from "../tests/support/lab.ts";
import { type Act, fails, sketch, trace } from "../tests/support/trace.ts";
import { FlowError } from "./errors.ts";
import type { NodeSpec, RepeatSpec } from "./workflow.ts";

const polling = (repeat: Partial<RepeatSpec> = {}, node: Partial<NodeSpec> = {}) =>
  sketch("poll > after", {
    nodes: {
      poll: {
        node_type: "test.plain",
        repeat: { until: "outputs.out >= 3", delay_ms: 1000, max: 100, ...repeat },
        ...node,
      },
    },
  });

function counts(): Act {
  let count = 0;
  return () => ({ out: ++count });
}

Deno.test("repeat runs a node again after each success until the condition holds, and answers the last outputs", async () => {
  const { timeline, result } = await trace(polling(), { poll: counts(), after: ({ inputs }) => inputs });
  assert.deepEqual(timeline.slice(1, 7), [
    "0 NodeStarted poll",
    "0 NodeRepeating poll in 1000",
    "1 NodeStarted poll #2",
    "1 NodeRepeating poll in 1000",
    "2 NodeStarted poll #3",
    "2 NodeCompleted poll",
  ]);
  assert.deepEqual(result.outputs, { after: { in: 3 } });
});

Deno.test("repeat fails the node when the condition does not hold after max runs", async () => {
  const { result, lines } = await trace(polling({ max: 2 }), { poll: counts() });
  assert.equal(lines.filter((line) => line.startsWith("NodeStarted poll")).length, 2);
  assert.equal(result.error?.message, 'Node "poll" failed: repeat.until did not hold after 2 runs');
});

Deno.test("repeat: a condition that cannot be evaluated fails the node", async () => {
  const { result } = await trace(polling({ until: "$number(outputs.out) > 3" }), { poll: () => ({ out: "x" }) });
  assert.equal(result.status, "failed");
});

Deno.test("repeat: each run has all the retries that the policy allows", async () => {
  let calls = 0;
  const poll: Act = () => {
    if (++calls % 2 === 1) throw new FlowError("node_failed", "No luck");
    return { out: calls / 2 };
  };
  const { result } = await trace(polling({}, { retry_policy: createPolicy({ max_attempts: 2 }) }), { poll });
  assert.equal(result.status, "succeeded");
  assert.equal(calls, 6);
});

Deno.test("repeat: a node that is there for failures and is not through says so, not that it was cancelled", async () => {
  const workflow = sketch("a > poll", {
    nodes: {
      poll: { node_type: "test.plain", run_if: "always", repeat: { until: "outputs.out >= 3", delay_ms: 10, max: 2 } },
    },
  });
  const { events } = await trace(workflow, { a: fails(), poll: counts() });
  const failure = events.findLast((event) => event.type === "NodeFailed");
  assert.equal(failure?.type === "NodeFailed" && failure.error.message, "repeat.until did not hold after 2 runs");
});

Deno.test("repeat: a cancel while the node waits for its next run ends the execution", async () => {
  const { result, lines } = await trace(polling({ delay_ms: 60_000 }), { poll: counts() }, {
    during: ({ clock, cancel }) => clock.setTimer(10, () => cancel()),
  });
  assert.equal(result.status, "cancelled");
  assert.ok(lines.includes("NodeFailed poll (cancelled)"));
});

Deno.test("resume() of a node that waits for its next run keeps the number of runs", async () => {
  const lab = new Lab({ poll: ({ attempt }) => ({ out: attempt }) });
  const repeat = { until: "outputs.out >= 9", delay_ms: 1000, max: 3 };
  const engine = lab.openEngine();
  const handle = await engine.start(sketch("poll", { nodes: { poll: { node_type: "test.node", repeat } } }));
  lab.clock.setTimer(1500, () => void engine.close());
  await lab.failure(handle);
  const resumed = await lab.openEngine().resume(handle.execution_id);
  assert.equal((await lab.clock.run(resumed.result)).status, "failed");
  assert.deepEqual(lab.begun, ["poll 1", "poll 2", "poll 3"]);
});
