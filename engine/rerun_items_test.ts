import assert from "node:assert/strict";
import { Lab } from "../tests/support/lab.ts";
import { sketch } from "../tests/support/trace.ts";
import { FlowError } from "./errors.ts";

const node_type = "test.node";
const map = { items: ["a", "b", "c"], on_error: "continue" as const };
const workflow = sketch("first, each > last", {
  nodes: { first: { node_type }, each: { node_type, map }, last: { node_type } },
});

/** Runs the workflow, in which the item `b` fails, and plans to run it again. */
async function openBroken(acts: ConstructorParameters<typeof Lab>[0] = {}) {
  const world = { isBroken: true };
  const lab = new Lab({
    each: ({ index = 0 }) => {
      if (index === 1 && world.isBroken) throw new FlowError("node_failed", "No luck");
      return { out: index };
    },
    ...acts,
  });
  const engine = lab.openEngine();
  const first = await engine.start(workflow, { execution_id: "e" });
  const { status } = await lab.clock.run(first.result);
  world.isBroken = false;
  lab.begun.length = 0;
  return { lab, engine, status };
}

Deno.test("rerun() of an execution that succeeded runs the items again that failed, and what is behind", async () => {
  const { lab, engine, status } = await openBroken();
  assert.equal(status, "succeeded");
  const plan = await engine.planRerun("e");
  assert.deepEqual(plan.nodes.map(({ node_id, action, why }) => `${action} ${node_id}: ${why}`), [
    "reuse first: succeeded before",
    "run each: 1 item failed before; 2 of 3 items are reused",
    'run last: behind "each"',
  ]);
  const second = await engine.rerun(plan);
  const { outputs } = await lab.clock.run(second.result);
  assert.deepEqual(outputs.last, { out: "last" });
  assert.equal(lab.begun.length, 2);
  assert.equal((await engine.status(second.execution_id))?.nodes.get("each")?.items?.failed, 0);
});

Deno.test("rerun() of an execution that failed runs the items again that failed", async () => {
  const { engine, status } = await openBroken({
    last: () => {
      throw new FlowError("node_failed", "No luck");
    },
  });
  assert.equal(status, "failed");
  const { nodes } = await engine.planRerun("e");
  assert.deepEqual(nodes.map(({ action, reused_items }) => [action, reused_items]), [
    ["reuse", undefined],
    ["run", 2],
    ["run", undefined],
  ]);
});

Deno.test("rerun() from a node that has a failed item runs all of its items", async () => {
  const { engine } = await openBroken();
  const [, each] = (await engine.planRerun("e", { from: "each" })).nodes;
  assert.deepEqual([each?.why, each?.reused_items], ["selected", undefined]);
  const [, left] = (await engine.planRerun("e", { from: "last" })).nodes;
  assert.equal(left?.action, "reuse");
});

/** Reruns an execution, and cuts that off before `each` begins, two of whose items it was to keep. */
async function openCutOff() {
  let isFirstTime = true;
  const breaksFirst = () => {
    if (isFirstTime) throw new FlowError("node_failed", "No luck");
  };
  const lab = new Lab({
    first: async ({ sleep }) => {
      breaksFirst();
      await sleep(1000);
      return {};
    },
    each: ({ index = 0 }) => {
      if (index === 1) breaksFirst();
      return { out: index };
    },
  });
  const settings = { max_parallel_nodes: 1, on_error: "ContinueOnError" as const };
  const waiting = sketch("first, each", { nodes: { first: { node_type }, each: { node_type, map } }, settings });
  await lab.clock.run((await lab.openEngine().start(waiting, { execution_id: "e" })).result);
  isFirstTime = false;
  const cutOff = async (id: string) => {
    const engine = lab.openEngine();
    const handle = await engine.rerun(await engine.planRerun(id));
    lab.clock.setTimer(500, () => void engine.close());
    await lab.failure(handle);
    lab.begun.length = 0;
    return handle.execution_id;
  };
  return { lab, cutOff };
}

Deno.test("resume() of a rerun that was cut off before a node began keeps the items that the rerun had kept", async () => {
  const { lab, cutOff } = await openCutOff();
  const resumed = await lab.openEngine().resume(await cutOff("e"));
  const { outputs } = await lab.clock.run(resumed.result);
  assert.deepEqual(lab.begun.sort(), ["each 1", "first 2"]);
  assert.deepEqual(outputs.each, { out: [0, 1, 2] });
});

Deno.test("rerun() of reruns that were cut off before a node began keeps the items that those had kept", async () => {
  const { lab, cutOff } = await openCutOff();
  const third = await cutOff(await cutOff("e"));
  const engine = lab.openEngine();
  const plan = await engine.planRerun(third);
  assert.deepEqual(plan.nodes[1], {
    node_id: "each",
    action: "run",
    why: "never ran; 2 of 3 items are reused",
    reused_items: 2,
  });
  const fourth = await engine.rerun(plan);
  const { outputs } = await lab.clock.run(fourth.result);
  assert.deepEqual(lab.begun.sort(), ["each 1", "first 1"]);
  assert.deepEqual(outputs.each, { out: [0, 1, 2] });
  const reused = (await lab.events(fourth.execution_id)).flatMap((event) =>
    event.type === "NodeCompleted" && event.reused_from !== undefined ? [event.reused_from] : []
  );
  assert.deepEqual(reused, ["e", "e"]);
});
