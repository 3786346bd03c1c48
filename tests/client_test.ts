import assert from "node:assert/strict";
import type { ExecutionEvent } from "../engine/events.ts";
import { connect, FlowError, WorkflowError } from "../mod.ts";
import { openCuttingProxy } from "./support/cutting_proxy.ts";
import { createGate, type FlowServer, withFlowServer } from "./support/flow_server.ts";
import { openHttpServer } from "./support/http_server.ts";

async function refusal(work: Promise<unknown>): Promise<FlowError> {
  const error = await work.then(() => undefined, (thrown: unknown) => thrown);
  assert.ok(error instanceof FlowError, `not a FlowError: ${error}`);
  return error;
}

function lines(config: Record<string, unknown> = {}) {
  const node = { id: "lines", node_type: "test.lines", config: { count: 3, length: 10, ...NO_GATES, ...config } };
  return { id: "some-lines", nodes: [node] };
}

const NO_GATES = { before: "", after: "" };

function portOf({ url }: FlowServer): number {
  return Number(new URL(url).port);
}

Deno.test("client.run() runs a document and answers its result", async () => {
  await withFlowServer({}, async (server) => {
    const client = connect(server.url);
    assert.deepEqual((await client.health()).status, "healthy");
    const { execution_id, duration_ms, ...result } = await client.run(lines());
    assert.deepEqual(result, {
      status: "succeeded",
      completed_nodes: 1,
      total_nodes: 1,
      outputs: { lines: { count: 3 } },
    });
    assert.ok(duration_ms > 0);
    const execution = await client.executions.get(execution_id, { include: "workflow" });
    assert.equal(execution.status, "succeeded");
    assert.ok(execution.workflow);
  });
});

Deno.test("a handle brings events to the last, the result, and cancel()", async () => {
  await withFlowServer({}, async (server) => {
    const client = connect(new URL(server.url));
    const local = await server.startLines({ count: 5, then: createGate() });
    const handle = client.executions.handle(local.execution_id);
    const events: ExecutionEvent[] = [];
    for await (const event of handle.events()) {
      events.push(event);
      if (event.type === "NodeEvent" && event.event.event_type === "StdoutLine" && event.event.line.includes("5")) {
        assert.equal(await handle.cancel("enough"), true);
      }
    }
    assert.deepEqual(events, await Array.fromAsync(local.events()));
    const { status, error } = await handle.result;
    assert.deepEqual([status, error?.message], ["cancelled", "enough"]);
    assert.equal(await handle.cancel(), false);
  });
});

Deno.test("handle.result comes without anybody looking at events", async () => {
  await withFlowServer({}, async (server) => {
    const gate = createGate();
    const local = await server.startLines({ count: 1000, gate });
    const { result } = connect(server.url).executions.handle(local.execution_id);
    gate.open();
    assert.equal((await result).status, "succeeded");
  });
});

Deno.test("handle.events() loses and repeats nothing, however often the connection breaks", async () => {
  await withFlowServer({}, async (server) => {
    const local = await server.startLines({ count: 3000, length: 200 });
    let next = 20_000;
    const proxy = openCuttingProxy(portOf(server), (it) => {
      if (it.bytes < next) return;
      next += 50_000;
      it.cut();
    });
    const events = await Array.fromAsync(connect(proxy.url).executions.handle(local.execution_id).events());
    assert.deepEqual(events, await Array.fromAsync(local.events()));
    assert.ok(proxy.count > 5, `${proxy.count} connections`);
    await proxy.close();
  });
});

Deno.test("handle.events() begins after any event, and ends at once when its signal aborts", async () => {
  await withFlowServer({}, async (server) => {
    const local = await server.startLines({ count: 10, then: createGate() });
    const controller = new AbortController();
    const handle = connect(server.url).executions.handle(local.execution_id);
    const seqs: number[] = [];
    for await (const { seq } of handle.events({ after: 7, signal: controller.signal })) {
      seqs.push(seq);
      if (seq === 12) setTimeout(() => controller.abort(), 20);
    }
    assert.deepEqual(seqs, [8, 9, 10, 11, 12]);
    local.cancel();
    await local.result;
    assert.deepEqual(await Array.fromAsync(handle.events({ after: 100 })), []);
  });
});

Deno.test("errors of the server arrive with their code, their hint and all issues", async () => {
  await withFlowServer({}, async (server) => {
    const client = connect(server.url);
    const missing = await refusal(client.executions.get("nobody"));
    assert.deepEqual([missing.code, missing.message], ["not_found", 'No execution has the id "nobody"']);
    assert.ok(missing.hint);
    const invalid = await refusal(client.start({ nodes: [{ id: "a", node_type: "no.such" }, { id: "a" }] }));
    assert.ok(invalid instanceof WorkflowError);
    assert.ok(invalid.issues.length >= 2);
    assert.equal((await refusal(Array.fromAsync(client.executions.events("nobody")))).code, "not_found");
    assert.equal((await refusal(client.executions.handle("nobody").result)).code, "not_found");
  });
});

Deno.test("a server that is not there, not ours, too slow or given up is told apart", async () => {
  assert.throws(() => connect("not an address"), { code: "invalid_argument" });
  const gone = openHttpServer(() => new Response("bye"));
  await gone.close();
  const unreachable = await refusal(connect(gone.url).health());
  assert.equal(unreachable.code, "unavailable");
  assert.match(unreachable.message, /^Cannot reach "http:/);
  const startedAt = performance.now();
  const late = connect(gone.url, { patienceMs: 300 }).executions.handle("x");
  assert.equal((await refusal(Array.fromAsync(late.events()))).code, "unavailable");
  assert.ok(performance.now() - startedAt >= 300);

  const other = openHttpServer(() => new Response("<h1>no</h1>", { status: 404 }));
  assert.equal((await refusal(connect(other.url).health())).code, "not_found");
  await other.close();
  const { promise: never, resolve: answerAll } = Promise.withResolvers<Response>();
  const slow = openHttpServer(() => never);
  assert.equal((await refusal(connect(slow.url, { timeoutMs: 50 }).health())).code, "timeout");
  const endless = openHttpServer(() => new Response(new ReadableStream()));
  assert.equal((await refusal(connect(endless.url, { timeoutMs: 50 }).health())).code, "timeout");
  await endless.close();
  const controller = new AbortController();
  const call = connect(slow.url).health({ signal: controller.signal });
  controller.abort();
  assert.equal((await refusal(call)).code, "cancelled");
  answerAll(new Response());
  await slow.close();
});

Deno.test("the token goes with every request", async () => {
  const seen: (string | null)[] = [];
  const auth = {
    authenticate(request: Request) {
      seen.push(request.headers.get("Authorization"));
      return Promise.resolve({ id: "t", name: "t", role: "admin" as const });
    },
  };
  await withFlowServer({ auth }, async (server) => {
    await connect(server.url, { token: "t0" }).run(lines());
    assert.ok(seen.length >= 3);
    assert.deepEqual(new Set(seen), new Set(["Bearer t0"]));
  });
});

Deno.test("client.workflows, client.executions and client.nodeTypes() reach the whole API", async () => {
  await withFlowServer({}, async (server) => {
    const client = connect(server.url);
    assert.deepEqual((await client.nodeTypes()).map(({ type }) => type), ["test.lines"]);
    assert.equal((await client.nodeType("test.lines")).version, 1);
    assert.equal(await client.workflows.create(lines()), "some-lines");
    assert.equal((await refusal(client.workflows.create(lines()))).code, "conflict");
    const [listed] = await client.workflows.list();
    assert.deepEqual([listed?.id, listed?.nodes, listed?.connections], ["some-lines", 1, 0]);
    const saved = await client.workflows.get("some-lines");
    await client.workflows.put("some-lines", lines({ count: 4 }), { ifMatch: saved.etag });
    const stale = await refusal(client.workflows.put("some-lines", lines(), { ifMatch: saved.etag }));
    assert.equal(stale.code, "precondition_failed");

    const first = await client.run("some-lines");
    assert.deepEqual(first.outputs, { lines: { count: 4 } });
    const plan = await client.executions.planRerun(first.execution_id, { from: "lines" });
    assert.deepEqual(plan.nodes.map(({ node_id, action }) => [node_id, action]), [["lines", "run"]]);
    const again = await client.executions.rerun(first.execution_id, { from: "lines" });
    assert.equal((await again.result).status, "succeeded");
    const listing = await client.executions.list({ workflow_id: "some-lines" });
    assert.deepEqual(listing.map(({ rerun_of }) => rerun_of), [first.execution_id, undefined]);
    assert.equal((await client.executions.list({ limit: 1 })).length, 1);
    assert.equal((await refusal(client.executions.resume(first.execution_id))).code, "conflict");
    assert.equal((await client.executions.explain(first.execution_id)).execution_id, first.execution_id);
    assert.equal((await client.executions.readEvents(first.execution_id, { kind: "logs" })).length, 4);

    await client.workflows.delete("some-lines");
    assert.equal((await refusal(client.workflows.get("some-lines"))).code, "not_found");
  });
});
