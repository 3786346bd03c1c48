import assert from "node:assert/strict";
import { createPolicy, Lab, sleeps } from "../tests/support/lab.ts";
import { type Act, fails, sketch, takes, trace } from "../tests/support/trace.ts";
import { FlowError } from "./errors.ts";
import type { MapSpec, NodeSpec, Workflow, WorkflowSettings } from "./workflow.ts";

type Options = { settings?: Partial<WorkflowSettings>; node?: Partial<NodeSpec> };

/** `list > each > last`, where `each` runs once per item. */
function mapped(map: Partial<MapSpec>, { settings = {}, node = {} }: Options = {}): Workflow {
  const each = { node_type: "test.plain", map: { items: [], on_error: "stop" as const, ...map }, ...node };
  return sketch("list > each > last", { nodes: { each }, settings });
}

const double = { each: ({ config }: { config: unknown }) => ({ out: 2 * (config as { value: number }).value }) };
const perItem = { config: { value: "${{ item }}" } };

Deno.test("map runs a node once per item, and answers each output as a list in the order of the items", async () => {
  const { lines, events, result } = await trace(mapped({ items: [1, 2, 3] }, { node: perItem }), double);
  assert.deepEqual(lines.slice(3, 9), [
    "NodeStarted each",
    "NodeExpanded each",
    "NodeStarted each[0]",
    "NodeStarted each[1]",
    "NodeStarted each[2]",
    "NodeCompleted each[0]",
  ]);
  const whole = events.find((event) =>
    event.type === "NodeCompleted" && event.node_id === "each" && !("index" in event)
  );
  assert.deepEqual(whole?.type === "NodeCompleted" && whole.outputs, { out: [2, 4, 6] });
  assert.equal(result.status, "succeeded");
  assert.equal(result.completed_nodes, 3);
});

Deno.test("map takes its items from an expression, and its node gets them on ports too", async () => {
  const workflow = mapped({ items: "${{ nodes.list.out }}" }, {
    node: { inputs: { word: "<${{ item }} ${{ index }}>" } },
  });
  const acts = { list: () => ({ out: ["a", "b"] }), each: ({ inputs }: { inputs: object }) => ({ ...inputs }) };
  const { events } = await trace(workflow, acts);
  const whole = events.findLast((event) => event.type === "NodeCompleted" && event.node_id === "each");
  assert.deepEqual(whole?.type === "NodeCompleted" && whole.outputs.word, ["<a 0>", "<b 1>"]);
});

Deno.test("map: an empty list is a success with empty lists, and what is no list fails the node", async () => {
  assert.equal((await trace(mapped({ items: [] }))).result.status, "succeeded");
  const { result } = await trace(mapped({ items: "${{ nodes.list.out }}" }));
  assert.match(result.error?.message ?? "", /map\.items is "list", not a list/);
  const nothing = await trace(mapped({ items: "${{ nodes.list.none }}" }));
  assert.match(nothing.result.error?.hint ?? "", /`\?\? \[\]`/);
});

Deno.test("map: never more items run at once than max_parallel, nor than the workflow allows", async () => {
  for (const [max_parallel, max_parallel_nodes, most] of [[2, 10, 2], [5, 3, 3], [undefined, 4, 4]] as const) {
    let running = 0;
    let peak = 0;
    const each = async ({ sleep }: { sleep: (ms: number) => Promise<void> }) => {
      peak = Math.max(peak, ++running);
      await sleep(10);
      running--;
      return {};
    };
    const items = Array.from({ length: 12 }, (_, i) => i);
    const map = max_parallel === undefined ? { items } : { items, max_parallel };
    await trace(mapped(map, { settings: { max_parallel_nodes } }), { each });
    assert.equal(peak, most);
  }
});

Deno.test("map: an item that fails stops the others and fails the node, which says which item it was", async () => {
  const each = async ({ index = 0, sleep }: { index: number | undefined; sleep: (ms: number) => Promise<void> }) => {
    await sleep(10 * index);
    if (index === 1) throw new FlowError("exit_code", "Command ended with exit code 3", { details: { exit_code: 3 } });
    return {};
  };
  const { lines, result, events } = await trace(mapped({ items: [1, 2, 3, 4, 5], max_parallel: 3 }), { each });
  assert.deepEqual(lines.filter((line) => line.startsWith("NodeFailed")), [
    "NodeFailed each[1]",
    "NodeFailed each[2] (cancelled)",
    "NodeFailed each[3] (cancelled)",
    "NodeFailed each",
  ]);
  assert.ok(!lines.includes("NodeStarted each[4]"));
  assert.equal(result.error?.message, 'Node "each" failed: items[1]: Command ended with exit code 3');
  const whole = events.findLast((event) => event.type === "NodeFailed");
  assert.deepEqual(whole?.type === "NodeFailed" && whole.error.code, "exit_code");
});

Deno.test("map with on_error continue answers null for items that failed, and says how many", async () => {
  const each = ({ index }: { index: number | undefined }) => {
    if (index === 1) throw new FlowError("node_failed", "No luck");
    return { out: index ?? -1 };
  };
  const { events, result } = await trace(mapped({ items: ["a", "b", "c"], on_error: "continue" }), { each });
  const whole = events.findLast((event) => event.type === "NodeCompleted" && event.node_id === "each");
  assert.ok(whole?.type === "NodeCompleted");
  assert.deepEqual(whole.outputs, { out: [0, null, 2] });
  assert.equal(whole.failed_items, 1);
  assert.equal(result.status, "succeeded");
});

Deno.test("map: each item is retried by itself, under attempts of its own", async () => {
  const failed = new Set<number>();
  const each = ({ index = 0, attempt }: { index: number | undefined; attempt: number }) => {
    if (index % 2 === 0 && !failed.has(index)) {
      failed.add(index);
      throw new FlowError("node_failed", "No luck");
    }
    return { out: attempt };
  };
  const { events } = await trace(mapped({ items: [1, 2, 3] }, { node: { retry_policy: createPolicy() } }), { each });
  const whole = events.findLast((event) => event.type === "NodeCompleted" && event.node_id === "each");
  assert.deepEqual(whole?.type === "NodeCompleted" && whole.outputs.out, [2, 1, 2]);
});

Deno.test("map: a cancel ends the items that run and starts no others", async () => {
  const workflow = mapped({ items: [1, 2, 3, 4], max_parallel: 2 });
  const { lines, result } = await trace(workflow, { each: takes(1000) }, {
    during: ({ clock, cancel }) => clock.setTimer(500, () => cancel("Enough")),
  });
  assert.equal(result.status, "cancelled");
  assert.deepEqual(lines.slice(-5), [
    "NodeSkipped last (execution_cancelled)",
    "NodeFailed each[0] (cancelled)",
    "NodeFailed each[1] (cancelled)",
    "NodeFailed each (cancelled)",
    "WorkflowCompleted cancelled",
  ]);
});

Deno.test("map: an execution that waits for an item's retry can be cancelled", async () => {
  const each = () => {
    throw new FlowError("node_failed", "No luck");
  };
  const node = { retry_policy: createPolicy({ max_attempts: 9, delay_ms: 60_000 }) };
  const { result } = await trace(mapped({ items: [1, 2] }, { node }), { each }, {
    during: ({ clock, cancel }) => clock.setTimer(500, () => cancel("Enough")),
  });
  assert.equal(result.status, "cancelled");
  assert.ok(result.duration_ms < 1000);
});

const inLab = (map: Partial<MapSpec>): Workflow => {
  const each = { node_type: "test.node", map: { items: [0, 1, 2, 3, 4], on_error: "stop" as const, ...map } };
  return { ...sketch("each", { nodes: { each } }), id: "w" };
};

Deno.test("resume() runs only those items again that had not completed, and never asks what the items are again", async () => {
  const lab = new Lab({ each: async (ctx) => await sleeps(ctx.index === 0 ? 10 : 1000)(ctx) });
  const engine = lab.openEngine();
  const handle = await engine.start(inLab({ max_parallel: 3 }));
  lab.clock.setTimer(500, () => void engine.close());
  assert.equal((await lab.failure(handle)).code, "interrupted");

  const resumed = await lab.openEngine().resume(handle.execution_id);
  const result = await lab.clock.run(resumed.result);
  assert.deepEqual(result.outputs, { each: { out: ["each", "each", "each", "each", "each"] } });
  assert.deepEqual(lab.begun, [
    ...["each 1", "each 1", "each 1", "each 1"],
    ...["each 2", "each 2", "each 2", "each 1"],
  ]);
});

Deno.test("resume() remembers the items that failed", async () => {
  let isClosing = false;
  const lab = new Lab({
    each: async (ctx) => {
      if (ctx.index === 1) throw new FlowError("node_failed", "No luck");
      await ctx.sleep(isClosing ? 10 : 1000);
      return {};
    },
  });
  const engine = lab.openEngine();
  const handle = await engine.start(inLab({ on_error: "continue", max_parallel: 2 }));
  lab.clock.setTimer(500, () => void engine.close());
  assert.equal((await lab.failure(handle)).code, "interrupted");
  isClosing = true;
  const result = await lab.clock.run((await lab.openEngine().resume(handle.execution_id)).result);
  assert.equal(result.status, "succeeded");
  const state = await lab.openEngine().status(handle.execution_id);
  assert.deepEqual([state?.nodes.get("each")?.items?.succeeded, state?.nodes.get("each")?.items?.failed], [4, 1]);
});

Deno.test("rerun() takes over the items that succeeded, and runs those again that did not or have changed", async () => {
  let isFixed = false;
  const lab = new Lab({
    each: ({ index = 0 }) => {
      if (index === 3 && !isFixed) throw new FlowError("node_failed", "No luck");
      return { out: index };
    },
  });
  const engine = lab.openEngine();
  const first = await engine.start(inLab({ max_parallel: 1 }));
  assert.equal((await lab.clock.run(first.result)).status, "failed");
  isFixed = true;
  lab.begun.length = 0;
  const plan = await engine.planRerun(first.execution_id);
  assert.deepEqual(plan.nodes, [
    { node_id: "each", action: "run", why: "failed before; 3 of 5 items are reused", reused_items: 3 },
  ]);
  const second = await engine.rerun(plan);
  assert.deepEqual((await lab.clock.run(second.result)).outputs, { each: { out: [0, 1, 2, 3, 4] } });
  assert.equal(lab.begun.length, 2);
});

Deno.test("map: in a workflow that is retried as a whole, attempts of items go on counting", async () => {
  const attempts: string[] = [];
  const each = ({ index, attempt }: { index: number | undefined; attempt: number }) => {
    attempts.push(`${index} #${attempt}`);
    return {};
  };
  let round = 0;
  const last = () => {
    if (round++ === 0) throw new FlowError("node_failed", "No luck");
    return {};
  };
  const settings = { on_error: { RetryWorkflow: { max_attempts: 2 } } };
  const { result } = await trace(mapped({ items: ["a", "b"] }, { settings }), { each, last });
  assert.equal(result.status, "succeeded");
  assert.deepEqual(attempts, ["0 #1", "1 #1", "0 #2", "1 #2"]);
});

function failsLate(): Act {
  const fail = fails(1);
  return async (ctx) => {
    await ctx.sleep(100);
    return fail(ctx);
  };
}

/** `boom` fails while items of `each` run, and the workflow is retried once. */
const retried = (each: Partial<NodeSpec>) =>
  sketch("boom, each", {
    nodes: {
      each: { node_type: "test.plain", map: { items: [1, 2, 3], max_parallel: 2, on_error: "continue" }, ...each },
    },
    settings: { on_error: { RetryWorkflow: { max_attempts: 2 } } },
  });

Deno.test("map: before a workflow is retried as a whole, its nodes with items end, whatever their on_error", async () => {
  const { lines } = await trace(retried({}), { boom: failsLate(), each: takes(1000) });
  const end = lines.indexOf("WorkflowRetrying");
  assert.deepEqual(lines.slice(end - 3, end), [
    "NodeFailed each[0] (cancelled)",
    "NodeFailed each[1] (cancelled)",
    "NodeFailed each (cancelled)",
  ]);
});

Deno.test("map: before a workflow is retried as a whole, no item of what is there for failures waits to be", async () => {
  const node = { run_if: "always" as const, retry_policy: createPolicy() };
  const each: Act = async ({ sleep }) => {
    await sleep(1000);
    throw new FlowError("node_failed", "No luck");
  };
  const { lines } = await trace(retried(node), { boom: failsLate(), each });
  const first = lines.slice(0, lines.indexOf("WorkflowRetrying"));
  assert.ok(!first.some((line) => line.startsWith("NodeRetrying")));
  assert.equal(first.at(-1), "NodeFailed each (cancelled)");
});

Deno.test("resume() of a node whose items were being cancelled ends it as cancelled, not as a success", async () => {
  const lab = new Lab({
    boom: async ({ sleep }) => {
      await sleep(100);
      throw new FlowError("node_failed", "No luck");
    },
    each: async ({ index, sleep }) => {
      await sleep(1000).catch(() =>
        index === 0 ? undefined : new Promise<void>((resolve) => lab.clock.setTimer(500, resolve))
      );
      throw new FlowError("node_failed", "Ended");
    },
  });
  const own = { node_type: "test.node" };
  const map = { items: [0, 1], on_error: "continue" as const };
  const workflow = sketch("boom, each", { nodes: { boom: own, each: { ...own, on_interrupt: "fail", map } } });
  const engine = lab.openEngine();
  const handle = await engine.start(workflow);
  lab.clock.setTimer(300, () => void engine.close());
  await lab.failure(handle);
  const resumed = await lab.openEngine().resume(handle.execution_id);
  await lab.clock.run(resumed.result);
  const state = await lab.openEngine().status(handle.execution_id);
  assert.equal(state?.nodes.get("each")?.status, "cancelled");
});

Deno.test("map: 10,000 items run, and leave some counters behind", async () => {
  const items = Array.from({ length: 10_000 }, (_, index) => index);
  const { result, events } = await trace(
    mapped({ items, max_parallel: 100 }, { settings: { max_parallel_nodes: 100 } }),
  );
  assert.equal(result.status, "succeeded");
  assert.equal(events.filter((event) => event.type === "NodeCompleted").length, 10_003);
});
