import assert from "node:assert/strict";
import { createEngine, debugLog, delay, parseWorkflow, task, workflow } from "../mod.ts";

function slow() {
  const wf = workflow("slow");
  wf.add("wait", delay({ delay_ms: 60_000 }));
  return wf;
}

Deno.test("run() ends as cancelled when its signal aborts, with the reason", async () => {
  const abort = new AbortController();
  const running = slow().run({ signal: abort.signal });
  abort.abort("Enough");
  const { status, error } = await running;
  assert.deepEqual([status, error?.message], ["cancelled", "Enough"]);

  const started = await slow().start({ signal: AbortSignal.timeout(20) });
  assert.equal((await started.result).status, "cancelled");
});

Deno.test("run() with a signal that has aborted before runs nothing", async () => {
  let runs = 0;
  const wf = workflow("count");
  wf.add("count", task(() => ++runs, { name: "count" }));
  const { status, error } = await wf.run({ signal: AbortSignal.abort() });
  assert.deepEqual([status, error?.message, runs], ["cancelled", "Cancelled", 0]);
});

Deno.test("start() and rerun() of an engine follow a signal too, and leave no listener behind", async () => {
  const engine = createEngine();
  const checked = await parseWorkflow(slow());
  for (const again of [false, true]) {
    const abort = new AbortController();
    let listeners = 0;
    const { signal } = abort;
    const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
    signal.addEventListener = (...args: Parameters<typeof add>) => (listeners++, add(...args));
    signal.removeEventListener = (...args: Parameters<typeof remove>) => (listeners--, remove(...args));
    const [first] = await engine.store.listExecutions({}, Date.now());
    const execution = again && first !== undefined
      ? await engine.rerun(await engine.planRerun(first.execution_id), { signal })
      : await engine.start(checked, { signal });
    abort.abort();
    assert.equal((await execution.result).status, "cancelled");
    await Promise.resolve();
    assert.equal(listeners, 0);
  }
  await engine.close();
});

Deno.test("run() refuses options that there are not, which would be as good as not given", async () => {
  const wf = workflow("tiny");
  wf.add("log", debugLog());
  const wrong: object[] = [{ timeout: 5 }, { name: "Ada" }, { signal: 5 }];
  const run = (options: object) => wf.run(options as never);
  for (const options of wrong) {
    await assert.rejects(run(options), { code: "invalid_argument", message: /"timeout"|"name"|5 as signal/ });
    await assert.rejects(wf.start(options as never), { code: "invalid_argument" });
  }
});
