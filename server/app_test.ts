import assert from "node:assert/strict";
import { systemClock } from "../engine/clock.ts";
import { createEngine } from "../engine/engine.ts";
import { FlowError } from "../engine/errors.ts";
import { MemoryStore } from "../engine/memory_store.ts";
import type { RequestInfo } from "../platform/listener.ts";
import { createApp } from "./app.ts";
import type { AuditEntry, ServerPorts } from "./ports.ts";

const INFO: RequestInfo = {
  remoteAddress: "127.0.0.1",
  isSecure: false,
  upgrade: () => assert.fail("nobody asked for a WebSocket"),
};

function createLab(store = new MemoryStore()) {
  const engine = createEngine({ nodes: [], store });
  const audited: AuditEntry[] = [];
  const internal: { error: unknown; requestId: string }[] = [];
  const ports: ServerPorts = {
    engine,
    admission: engine,
    clock: systemClock,
    version: "1.2.3",
    auth: { authenticate: () => Promise.resolve({ id: "a", name: "Ada", role: "admin" }) },
    access: { allowedHosts: [], allowedOrigins: [] },
    limits: { maxBodyBytes: 100 },
    idempotency: { claim: () => assert.fail("no key was sent"), release: () => {} },
    audit: { add: (entry) => void audited.push(entry), list: () => [] },
    workdir: "/work",
    closing: new AbortController().signal,
    onInternalError: (error, requestId) => void internal.push({ error, requestId }),
  };
  const app = createApp(ports);
  const ask = async (path: string, init: RequestInit = {}) => {
    const headers = { Host: "localhost", "Content-Type": "application/json", ...init.headers };
    return await app.fetch(new Request(`http://localhost${path}`, { ...init, headers }), INFO);
  };
  return { ask, audited, internal };
}

Deno.test("an internal error is told to the server's log alone, under the id that the client is told", async () => {
  for (const code of ["internal", "store_failed", "store_corrupt"] as const) {
    const store = new MemoryStore();
    const secret = new FlowError(code, "disk I/O error in /var/lib/secret.db", { cause: new Error("at secret.ts:1") });
    store.listWorkflows = () => {
      throw secret;
    };
    const { ask, internal } = createLab(store);
    const response = await ask("/api/workflows");
    assert.equal(response.status, code === "internal" ? 500 : 503);
    const text = await response.text();
    assert.doesNotMatch(text, /secret/);
    assert.equal(JSON.parse(text).code, code);
    assert.deepEqual(internal, [{ error: secret, requestId: response.headers.get("x-request-id") }]);
  }
});

Deno.test("what is thrown that is no error of ours tells nothing either", async () => {
  const store = new MemoryStore();
  store.listWorkflows = () => {
    throw new TypeError("Cannot read properties of undefined (reading 'secret')");
  };
  const { ask, internal } = createLab(store);
  const response = await ask("/api/workflows");
  assert.deepEqual([response.status, (await response.json()).error], [500, "Internal error"]);
  assert.equal(internal.length, 1);
});

Deno.test("changes are audited with how they were answered, reading is not", async () => {
  const { ask, audited } = createLab();
  await ask("/api/workflows");
  await ask("/api/workflows/x?a=b", { method: "DELETE" });
  await ask("/api/executions", { method: "POST", body: "x".repeat(101) });
  assert.deepEqual(audited.map(({ actor, action, status }) => [actor, action, status]), [
    ["Ada", "DELETE /api/workflows/x", 404],
    ["Ada", "POST /api/executions", 413],
  ]);
});

Deno.test("every answer has the headers that keep browsers careful, errors too", async () => {
  const { ask } = createLab();
  for (const path of ["/health", "/api/workflows", "/api/nothing", "/nothing"]) {
    const { headers } = await ask(path);
    for (const name of ["x-content-type-options", "x-frame-options", "content-security-policy", "x-request-id"]) {
      assert.ok(headers.get(name), `${path}: ${name}`);
    }
    assert.equal(headers.get("strict-transport-security"), null, "only with TLS");
    assert.equal(headers.get("set-cookie"), null);
  }
});

Deno.test("a body is read up to the limit, and only if it is a text", async () => {
  const { ask, internal } = createLab();
  const post = async (body: BodyInit) => (await (await ask("/api/executions", { method: "POST", body })).json()).code;
  assert.equal(await post(`{"workflow":"${"x".repeat(60)}"}`), "invalid_workflow");
  assert.equal(await post("x".repeat(101)), "too_large");
  assert.equal(await post(new Uint8Array([0xff, 0xfe])), "invalid_argument");
  const stream = new ReadableStream<Uint8Array>({ pull: (controller) => controller.enqueue(new Uint8Array(50)) });
  assert.equal(await post(stream), "too_large");
  const broken = new ReadableStream({ pull: (controller) => controller.error(new Error("connection reset")) });
  assert.equal(await post(broken), "cancelled");
  assert.deepEqual(internal, [], "a client that has gone is no trouble of the server's");
});

Deno.test("a known path says which methods it answers, when it is asked with another one", async () => {
  const { ask } = createLab();
  const allowed = [
    ["POST", "/health", "GET, HEAD"],
    ["PATCH", "/api/workflows", "GET, HEAD, POST"],
    ["POST", "/api/workflows/a%2Fb", "GET, HEAD, PUT, DELETE"],
    ["GET", "/api/workflows/x/execute", "POST"],
    ["DELETE", "/openapi.json", "GET, HEAD"],
  ] as const;
  for (const [method, path, allow] of allowed) {
    const response = await ask(path, { method });
    assert.deepEqual([response.status, response.headers.get("allow")], [405, allow], `${method} ${path}`);
    assert.equal((await response.json()).code, "method_not_allowed");
  }
  const unknown = await ask("/api/nothing");
  assert.deepEqual([unknown.status, unknown.headers.get("allow")], [404, null]);
  await unknown.body?.cancel();
});

Deno.test("a workflow is saved only under an id that it can be asked for", async () => {
  const { ask } = createLab();
  const save = (path: string, method: string, id?: string) =>
    ask(path, { method, body: JSON.stringify({ id, nodes: [] }) });
  for (const id of [".", "..", "\ud800", "a\nb", ""]) {
    const response = await save("/api/workflows", "POST", id);
    assert.ok(response.status === 400 || response.status === 422, `${JSON.stringify(id)}: ${response.status}`);
    await response.body?.cancel();
  }
  for (const path of ["a%00b", "a%0d%0aX-Y:z", "__proto__"]) {
    const response = await save(`/api/workflows/${path}`, "PUT");
    assert.equal(response.status, 400, path);
    assert.match((await response.json()).error, /^Cannot save a workflow as "/);
  }
  assert.deepEqual(await (await ask("/api/workflows")).json(), []);
});

Deno.test("a body that a form of a foreign page could send changes nothing", async () => {
  const { ask } = createLab();
  const types = ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=json", ""];
  for (const type of types) {
    for (
      const [method, path] of [["POST", "/api/workflows"], ["PUT", "/api/workflows/a"], ["POST", "/api/executions"]]
    ) {
      const init = { method: method as string, headers: { "Content-Type": type }, body: '{"nodes": []}' };
      const response = await ask(path as string, init);
      assert.equal(response.status, 415, `${method} ${path} ${type}`);
      assert.match((await response.json()).hint, /Content-Type: application\/json/);
    }
  }
  assert.deepEqual(await (await ask("/api/workflows")).json(), []);
});
