import assert from "node:assert/strict";
import { connect, delay, jsonStringify, parseWorkflow, task, workflow, WorkflowError } from "../mod.ts";
import { withRestartableServe } from "./support/restartable_serve.ts";

Deno.test("a workflow that was built here runs on a server: result, events, cancelling", () =>
  withRestartableServe({}, async ({ url }) => {
    const client = connect(url);
    const wf = workflow("remote", { inputs: { what: { type: "array" } } });
    wf.output("json", wf.add("json", jsonStringify({ pretty: false }), { value: wf.input("what") }).json);
    const { status, outputs } = await wf.run({ client, inputs: { what: [1, new Uint8Array([7])] } });
    assert.deepEqual([status, outputs], ["succeeded", { json: '[1,{"$bytes":"Bw=="}]' }]);

    const slow = workflow("slow");
    slow.add("wait", delay({ delay_ms: 60_000 }));
    const execution = await slow.start({ client });
    for await (const event of execution.events()) if (event.type === "NodeStarted") break;
    assert.equal(await execution.cancel("Enough"), true);
    assert.equal((await execution.result).status, "cancelled");

    const stopped = await slow.run({ client, signal: AbortSignal.timeout(200) });
    assert.equal(stopped.status, "cancelled");

    assert.equal(await client.workflows.create(slow), "slow");
    assert.equal((await parseWorkflow((await client.workflows.get("slow")).document)).nodes[0]?.id, "wait");
  }));

Deno.test("a server that lacks the code of a node says so before anything runs", () =>
  withRestartableServe({}, async ({ url }) => {
    const wf = workflow("mine");
    wf.add("a", task(function mine() {}));
    await assert.rejects(wf.run({ client: connect(url) }), (error: unknown) => {
      assert.ok(error instanceof WorkflowError);
      assert.match(error.message, /Node "a" has an unknown type: "task\.mine"/);
      return true;
    });
  }));
