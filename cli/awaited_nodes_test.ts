import assert from "node:assert/strict";
import type { EventBody } from "../engine/events.ts";
import { FakeClock } from "../tests/support/fake_clock.ts";
import { AwaitedNodes } from "./awaited_nodes.ts";

const started = (node_id: string, index?: number): EventBody => ({
  type: "NodeStarted",
  node_id,
  node_type: "test.node",
  attempt: 1,
  ...(index === undefined ? {} : { index }),
});
const completed = (node_id: string): EventBody => ({ type: "NodeCompleted", node_id, outputs: {}, duration_ms: 1 });
const cancelling: EventBody = { type: "WorkflowCancelling", because: "request", reason: "Enough" };

function watch() {
  const clock = new FakeClock();
  const late: string[][] = [];
  const awaited = new AwaitedNodes(clock, (nodeIds) => late.push(nodeIds));
  let seq = 0;
  const tell = (...events: EventBody[]) => {
    for (const event of events) {
      awaited.onEvent({ execution_id: "e", seq: ++seq, timestamp: "2026-01-01T00:00:00.000Z", ...event });
    }
  };
  const wait = (ms: number) => clock.run(new Promise<void>((resolve) => clock.setTimer(ms, resolve)));
  return { tell, wait, late, awaited };
}

Deno.test("AwaitedNodes tells once what has not ended two seconds after a cancel, and not what began since", async () => {
  const { tell, wait, late } = watch();
  tell(started("done"), started("slow"), started("each"), { type: "NodeExpanded", node_id: "each", items: [1, 2, 3] });
  tell(started("each", 0), started("each", 1), completed("done"), cancelling);
  tell(started("handler"));
  await wait(1900);
  assert.deepEqual(late, []);
  await wait(10_000);
  assert.deepEqual(late, [["slow", "each"]]);
});

Deno.test("AwaitedNodes is silent when all has ended in time, or nobody listens any more", async () => {
  const { tell, wait, late, awaited } = watch();
  tell(started("a"), cancelling, completed("a"));
  await wait(3000);
  tell(started("b"), cancelling);
  awaited.stop();
  await wait(3000);
  assert.deepEqual(late, []);
});
