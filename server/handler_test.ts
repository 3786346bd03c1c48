import assert from "node:assert/strict";
import { Hono } from "hono";
import { connect, createEngine, debugLog, delay, FlowError, openSqliteStore, workflow } from "../mod.ts";
import { bearerTokens, createHandler, type FlowHandler, type HandlerOptions, type Principal } from "./mod.ts";

const ADA: Principal = { id: "ada", name: "Ada", role: "admin" };
const HELLO = { workflow: { id: "hello", nodes: [{ id: "log", node_type: "debug.log", inputs: { message: "hi" } }] } };

/** Serves `app` on a free port, as programs of users do. */
async function withServer(app: Deno.ServeHandler, test: (url: string) => Promise<void>): Promise<void> {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, app);
  try {
    await test(`http://127.0.0.1:${server.addr.port}`);
  } finally {
    await server.shutdown();
  }
}

async function withHandler(
  test: (flow: FlowHandler) => Promise<void>,
  options: Partial<HandlerOptions> = {},
): Promise<void> {
  const engine = createEngine();
  const flow = createHandler({ engine, authenticate: () => ADA, ...options });
  try {
    await test(flow);
  } finally {
    flow.close();
    await engine.close();
    await options.engine?.close();
  }
}

function post(body: object, headers: Record<string, string> = {}): RequestInit {
  return { method: "POST", headers: { "Content-Type": "application/json", ...headers }, body: JSON.stringify(body) };
}

Deno.test("createHandler() serves the API from within an app of Hono, under a path of its own", () =>
  withHandler(async (flow) => {
    const app = new Hono().get("/", (c) => c.text("mine")).all("/flow/*", (c) => flow.fetch(c.req.raw, c.env));
    await withServer((request, info) => app.fetch(request, info), async (url) => {
      assert.equal(await (await fetch(url)).text(), "mine");
      assert.equal((await (await fetch(`${url}/flow/health`)).json()).status, "healthy");
      const started = await fetch(`${url}/flow/api/executions?wait=true`, post(HELLO));
      assert.equal((await started.json()).status, "succeeded");
      const location = started.headers.get("location") ?? "";
      assert.equal((await (await fetch(new URL(location, url))).json()).status, "succeeded", location);
      const openapi = await (await fetch(`${url}/flow/openapi.json`)).json();
      assert.deepEqual(openapi.servers, [{ url: "/flow" }]);
      const missing = await fetch(`${url}/flow/api/nothing`);
      assert.deepEqual([missing.status, (await missing.json()).code], [404, "not_found"]);
      assert.equal((await (await fetch(`${url}/flow/.well-known/agent-card.json`)).json()).url, `${url}/flow/api`);
    });
  }, { basePath: "/flow/" }));

Deno.test("createHandler() can be mounted, and called with nothing but requests", () =>
  withHandler(async ({ fetch }) => {
    const app = new Hono().mount("/flow", fetch);
    const started = await app.request("/flow/api/executions?wait=true", post(HELLO));
    assert.equal((await started.json()).status, "succeeded");
    assert.match(started.headers.get("location") ?? "", /^\/flow\/api\/executions\//);
    assert.equal((await fetch(new Request("http://localhost/flow/health"))).status, 200);
    const foreign = await fetch(new Request("http://evil.example/flow/api/nodes"));
    assert.equal(foreign.status, 403, await foreign.text());
  }, { basePath: "/flow" }));

Deno.test("the client runs workflows on a handler that is mounted, and follows their events", () =>
  withHandler(async (flow) => {
    await withServer((request, info) => flow.fetch(request, info), async (url) => {
      const client = connect(`${url}/flow`, { token: "t-1" });
      const wf = workflow("remote");
      wf.output("said", wf.add("log", debugLog(), { message: "hi" }).message);
      const { status, outputs } = await wf.run({ client });
      assert.deepEqual([status, outputs], ["succeeded", { said: "hi" }]);
      await assert.rejects(wf.run({ client: connect(`${url}/flow`, { token: "t-2" }) }), { code: "unauthenticated" });
      await assert.rejects(wf.run({ client: connect(`${url}/flow`, { token: "t-3" }) }), { code: "forbidden" });
    });
  }, {
    basePath: "/flow",
    authenticate: bearerTokens([
      { token: "t-1", name: "ci", role: "operator" },
      { token: "t-3", name: "screen", role: "viewer" },
    ]),
  }));

Deno.test("a handler opens WebSockets with what the runtime has for it, and says so where it has nothing", async () => {
  const follow = async (url: string) => {
    const socket = new WebSocket(`${url.replace("http", "ws")}/api/events`);
    const types: string[] = [];
    const { promise, resolve, reject } = Promise.withResolvers<string[]>();
    socket.onopen = () => void fetch(`${url}/api/executions`, post(HELLO)).then((answer) => answer.body?.cancel());
    socket.onerror = () => reject(new Error("no WebSocket"));
    socket.onmessage = ({ data }) => {
      types.push(JSON.parse(data).type);
      if (types.at(-1) === "WorkflowCompleted") socket.close();
    };
    socket.onclose = () => resolve(types);
    return await promise;
  };
  await withHandler(async (flow) => {
    await withServer((request, info) => flow.fetch(request, info), async (url) => {
      const types = await follow(url);
      assert.deepEqual([types[0], types.at(-1)], ["WorkflowStarted", "WorkflowCompleted"]);
    });
  }, { upgrade: Deno.upgradeWebSocket });
  await withHandler(async ({ fetch }) => {
    const answer = await fetch(new Request("http://localhost/api/events", { headers: { Upgrade: "websocket" } }));
    assert.equal(answer.status, 400);
    assert.match((await answer.json()).hint, /text\/event-stream/);
  });
});

Deno.test("close() ends the streams of a handler, and nothing else", () =>
  withHandler(async ({ fetch, close }) => {
    const wf = workflow("slow");
    wf.add("wait", delay({ delay_ms: 60_000 }));
    const url = "http://localhost/api/executions";
    const { execution_id } = await (await fetch(new Request(url, post({ workflow: wf })))).json();
    const stream = await fetch(new Request(`${url}/${execution_id}/events`));
    close();
    assert.match(await stream.text(), /"WorkflowStarted"/);
    assert.equal((await (await fetch(new Request(`${url}/${execution_id}`))).json()).status, "running");
  }));

Deno.test("a handler remembers keys of requests and changes in the database, or in memory without one", async () => {
  for (const store of [undefined, await openSqliteStore(":memory:")]) {
    const engine = createEngine(store === undefined ? {} : { store });
    await withHandler(async ({ fetch }) => {
      const once = () => new Request("http://localhost/api/executions", post(HELLO, { "Idempotency-Key": "k" }));
      const ids = [await (await fetch(once())).json(), await (await fetch(once())).json()];
      assert.equal(ids[0].execution_id, ids[1].execution_id);
      const other = await fetch(new Request(once(), { body: JSON.stringify({ ...HELLO, verbose: true }) }));
      assert.equal(other.status, 409, await other.text());
      const audit = JSON.stringify(await (await fetch(new Request("http://localhost/api/audit"))).json());
      assert.equal(audit.match(/POST \/api\/executions/g)?.length, 3, audit);
    }, { engine });
    await store?.close();
  }
});

Deno.test("createHandler() refuses what would let anybody in, and what cannot work", async () => {
  const engine = createEngine();
  const refused = (options: object, message: RegExp) =>
    assert.throws(() => createHandler(options as never), { code: "invalid_argument", message });
  refused({ engine }, /who may run workflows/);
  refused({ authenticate: () => ADA }, /no engine/);
  refused({ engine, authenticate: () => ADA, basePath: "flow" }, /"flow" as basePath/);
  for (const tokens of [[], [{ token: "", name: "ci", role: "admin" }]]) {
    assert.throws(() => bearerTokens(tokens as never), FlowError);
  }
  const errors: unknown[] = [];
  const roles = { ...ADA, role: "root" } as never;
  const flow = createHandler({ engine, authenticate: () => roles, onInternalError: (error) => errors.push(error) });
  const answer = await flow.fetch(new Request("http://localhost/api/nodes"));
  assert.equal(answer.status, 500, await answer.text());
  assert.match(String(errors[0]), /"root"/);
  const nobody = createHandler({ engine, authenticate: () => undefined });
  const unknown = await nobody.fetch(new Request("http://localhost/api/nodes"));
  assert.equal(unknown.status, 401, await unknown.text());
  await engine.close();
});
