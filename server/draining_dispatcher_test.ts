import assert from "node:assert/strict";
import type { AttemptOutcome, AttemptRequest } from "../engine/dispatcher.ts";
import { DrainingDispatcher } from "./draining_dispatcher.ts";

function createLab() {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const dispatcher = new DrainingDispatcher({
    dispatch: ({ execution_id }) => {
      begun.push(execution_id);
      return new Promise((resolve) => ends.set(execution_id, () => resolve({ outputs: {} })));
    },
  });
  const dispatch = (id: string, on_interrupt: "retry" | "fail" = "retry", signal = new AbortController().signal) => {
    const node = { spec: { on_interrupt } } as AttemptRequest["node"];
    return dispatcher.dispatch({ execution_id: id, node, signal } as AttemptRequest);
  };
  return { dispatcher, dispatch, begun, end: (id: string) => ends.get(id)?.() };
}

Deno.test("drain() resolves when what ran has ended, and nothing more begins", async () => {
  const { dispatcher, dispatch, begun, end } = createLab();
  const first = dispatch("first");
  let isDrained = false;
  const draining = dispatcher.drain().then(() => isDrained = true);
  const controller = new AbortController();
  const late = dispatch("late", "retry", controller.signal);
  await Promise.resolve();
  assert.equal(isDrained, false);
  end("first");
  assert.deepEqual(await first, { outputs: {} });
  await draining;
  assert.deepEqual(begun, ["first"]);
  controller.abort();
  assert.ok("error" in await late);
});

Deno.test("a node that must not be interrupted runs even then", async () => {
  const { dispatcher, dispatch, begun, end } = createLab();
  await dispatcher.drain();
  const outcome: Promise<AttemptOutcome> = dispatch("careful", "fail");
  assert.deepEqual([begun, dispatcher.running], [["careful"], 1]);
  end("careful");
  assert.deepEqual(await outcome, { outputs: {} });
});
