import assert from "node:assert/strict";
import { EventSource } from "eventsource";
import { WebSocket as OtherWebSocket } from "ws";
import { FlowError } from "../engine/errors.ts";
import type { ExecutionEvent } from "../engine/events.ts";
import { openCuttingProxy } from "./support/cutting_proxy.ts";
import { createGate, type FlowServer, withFlowServer } from "./support/flow_server.ts";
import { until } from "./support/until.ts";

/** A message of the server: an event, or a word of its own. */
interface Message {
  type: string;
  execution_id?: string;
  seq?: number;
  position?: number;
  after?: number;
  reason?: string;
}

/** What a WebSocket client that is not ours got to see. */
interface Seen {
  messages: Message[];
  closed: Promise<{ code: number; reason: string }>;
  socket: OtherWebSocket;
}

function listen(url: string): Seen {
  const { promise: closed, resolve } = Promise.withResolvers<{ code: number; reason: string }>();
  const socket = new OtherWebSocket(url);
  const messages: Seen["messages"] = [];
  socket.on("message", (data: Uint8Array) => messages.push(JSON.parse(new TextDecoder().decode(data))));
  socket.on("error", () => {});
  socket.on("close", (code: number, reason: Uint8Array) => {
    resolve({ code, reason: new TextDecoder().decode(reason) });
  });
  return { messages, closed, socket };
}

function seqsOf(messages: readonly { seq?: number }[]): (number | undefined)[] {
  return messages.map(({ seq }) => seq);
}

/** first, first + 1, ..., last */
function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

const soon = { withinMs: 20_000 };

function ofExecution(server: FlowServer, executionId: string, after = 0): string {
  return `${server.socketUrl}/api/events?execution_id=${executionId}&after=${after}`;
}

Deno.test("a WebSocket brings what has been and what comes about, in order, and closes with 1000 at the end", async () => {
  await withFlowServer({}, async (server) => {
    const [gate, then] = [createGate(), createGate()];
    const handle = await server.startLines({ count: 500, gate, then });
    const early = listen(ofExecution(server, handle.execution_id));
    await until(() => early.messages.length === 2, soon);
    gate.open();
    await until(() => early.messages.length >= 100, soon);
    const late = listen(ofExecution(server, handle.execution_id));
    const rest = listen(ofExecution(server, handle.execution_id, 300));
    await until(() => rest.messages.length >= 100, soon);
    then.open();
    for (const client of [early, late, rest]) {
      assert.deepEqual(await client.closed, { code: 1000, reason: "the execution has ended" });
    }
    assert.deepEqual(seqsOf(early.messages), range(1, 504));
    assert.deepEqual(late.messages, early.messages);
    assert.deepEqual(rest.messages, early.messages.slice(300));
    assert.deepEqual(early.messages, await Array.fromAsync(handle.events()));
    const tooLate = listen(ofExecution(server, handle.execution_id, 504));
    assert.equal((await tooLate.closed).code, 1000);
    assert.deepEqual(tooLate.messages, []);
  });
});

Deno.test("200 WebSockets see every event once, in order", async () => {
  await withFlowServer({}, async (server) => {
    const gate = createGate();
    const handle = await server.startLines({ count: 300, gate });
    const clients = range(1, 200).map((i) => listen(ofExecution(server, handle.execution_id, i % 3)));
    // Two events have happened by now.
    await until(() => clients.every(({ messages }, i) => messages.length === 2 - (i + 1) % 3), soon);
    gate.open();
    await Promise.all(clients.map(({ closed }) => closed));
    for (const [i, { messages }] of clients.entries()) {
      assert.deepEqual(seqsOf(messages), range((i + 1) % 3 + 1, 304));
    }
  });
});

Deno.test("a WebSocket without execution_id brings the events of all executions, and goes on after any position", async () => {
  await withFlowServer({}, async (server) => {
    const before = await server.startLines({ count: 1 });
    await before.result;
    const fresh = listen(`${server.socketUrl}/api/events`);
    const whole = listen(`${server.socketUrl}/api/events?after=0`);
    await until(() => whole.messages.length === 5 && fresh.socket.readyState === OtherWebSocket.OPEN, soon);
    // The server opens a socket a moment before it looks where the feed ends.
    await new Promise((resolve) => setTimeout(resolve, 50));
    const handles = await Promise.all([server.startLines({ count: 200 }), server.startLines({ count: 200 })]);
    await Promise.all(handles.map(({ result }) => result));
    await until(() => whole.messages.length === 5 + 408 && fresh.messages.length === 408, soon);
    assert.deepEqual(fresh.messages, whole.messages.slice(5));
    for (const { execution_id } of handles) {
      const its = fresh.messages.filter((message) => message.execution_id === execution_id);
      assert.deepEqual(seqsOf(its), range(1, 204));
    }
    const position = whole.messages[99]?.position;
    const resumed = listen(`${server.socketUrl}/api/events?after=${position}`);
    await until(() => resumed.messages.length === 313, soon);
    assert.deepEqual(resumed.messages, whole.messages.slice(100));
    server.startClosing();
    for (const client of [fresh, whole, resumed]) {
      assert.deepEqual((await client.closed).code, 1001);
      assert.equal(client.messages.at(-1)?.reason, "closing");
    }
  });
});

Deno.test("a browser's EventSource goes on where its connection broke, and stops at the end", async () => {
  await withFlowServer({}, async (server) => {
    const [gate, then] = [createGate(), createGate()];
    const handle = await server.startLines({ count: 50, gate, then });
    const proxy = openCuttingProxy(Number(new URL(server.url).port));
    const requests: { lastEventId: string | null; status: number }[] = [];
    const seqs: number[] = [];
    const source = new EventSource(`${proxy.url}/api/executions/${handle.execution_id}/events`, {
      async fetch(input: string | URL, init: RequestInit) {
        const response = await fetch(input, init);
        const lastEventId = new Headers(init.headers).get("Last-Event-ID");
        requests.push({ lastEventId, status: response.status });
        return response;
      },
    });
    source.onmessage = ({ data, lastEventId }) => {
      const event = JSON.parse(data) as ExecutionEvent;
      assert.equal(lastEventId, String(event.seq));
      seqs.push(event.seq);
    };
    await until(() => seqs.length === 2, soon);
    gate.open();
    await until(() => seqs.length === 52, soon);
    proxy.cut();
    then.open();
    await until(() => source.readyState === EventSource.CLOSED, soon);
    assert.deepEqual(seqs, range(1, 54));
    assert.deepEqual(requests, [
      { lastEventId: null, status: 200 },
      { lastEventId: "52", status: 200 },
      { lastEventId: "54", status: 204 },
    ]);
    await proxy.close();
  });
});

Deno.test("lines of JSON bring the same events, and pages of the journal if nobody wants to wait", async () => {
  await withFlowServer({}, async (server) => {
    const handle = await server.startLines({ count: 20 });
    const url = `${server.url}/api/executions/${handle.execution_id}/events`;
    const events = await readLines(url);
    assert.deepEqual(events, await Array.fromAsync(handle.events()));
    assert.deepEqual(await readLines(`${url}?after=20`), events.slice(20));
    assert.deepEqual(await readLines(`${url}?follow=false&limit=5&after=3`), events.slice(3, 8));
    const state = await readLines(`${url}?follow=false&kind=state`);
    assert.deepEqual(state.map(({ type }) => type), [
      "WorkflowStarted",
      "NodeStarted",
      "NodeCompleted",
      "WorkflowCompleted",
    ]);
    assert.equal((await readLines(`${url}?follow=false&kind=logs&node_id=lines`)).length, 20);
  });
});

async function readLines(url: string): Promise<ExecutionEvent[]> {
  const response = await fetch(url);
  assert.equal(response.headers.get("Content-Type"), "application/x-ndjson; charset=utf-8");
  return (await response.text()).split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
}

Deno.test("what cannot be followed is refused before anything is opened", async () => {
  await withFlowServer({ live: { maxClients: 1 } }, async (server) => {
    const check = async (path: string, status: number, code: string, headers = {}) => {
      const response = await fetch(`${server.url}${path}`, { headers });
      const body = await response.json();
      assert.deepEqual([response.status, body.code], [status, code], JSON.stringify(body));
    };
    await check("/api/executions/nobody/events", 404, "not_found");
    await check("/api/events?execution_id=nobody", 404, "not_found");
    await check("/api/events?after=-1", 400, "invalid_argument");
    const { execution_id } = await server.startLines({ count: 1 });
    const path = `/api/executions/${execution_id}/events`;
    await check(`${path}?kind=logs`, 400, "invalid_argument");
    await check(path, 400, "invalid_argument", { "Last-Event-ID": "x", Accept: "text/event-stream" });
    const first = listen(`${server.socketUrl}/api/events`);
    await until(() => first.socket.readyState === OtherWebSocket.OPEN, soon);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await check(path, 503, "unavailable");
    assert.equal((await listen(`${server.socketUrl}/api/events`).closed).code, 1006);
    first.socket.close();
    await first.closed;
    assert.deepEqual(server.internalErrors, []);
  });
});

Deno.test("a client that does not read is let go of, slows nobody down, and can go on later", async () => {
  const live = { maxBufferedBytes: 64 * 1024, stallMs: 300 };
  await withFlowServer({ live }, async (server) => {
    const gate = createGate();
    const handle = await server.startLines({ count: 10_000, gate, length: 1000 });
    const slow = listen(ofExecution(server, handle.execution_id));
    const fast = listen(ofExecution(server, handle.execution_id));
    await until(() => slow.messages.length === 2 && fast.messages.length === 2, soon);
    slow.socket.pause();
    gate.open();
    assert.equal((await fast.closed).code, 1000);
    assert.deepEqual(seqsOf(fast.messages), range(1, 10_004));
    await new Promise((resolve) => setTimeout(resolve, 1000));
    slow.socket.resume();
    const { code } = await slow.closed;
    assert.equal(code, 4408);
    const notice = slow.messages.pop();
    assert.deepEqual([notice?.type, notice?.reason], ["StreamEnded", "too_slow"]);
    assert.ok(slow.messages.length < 10_000, "it did not get all of it");
    assert.deepEqual(seqsOf(slow.messages), range(1, notice?.after ?? 0));
    const again = listen(ofExecution(server, handle.execution_id, notice?.after));
    await again.closed;
    assert.deepEqual([...slow.messages, ...again.messages], fast.messages);
  });
});

Deno.test("a reader of an HTTP answer that does not read is let go of, too", async () => {
  const live = { maxBufferedBytes: 64 * 1024, stallMs: 300 };
  await withFlowServer({ live }, async (server) => {
    const handle = await server.startLines({ count: 10_000, length: 1000 });
    const response = await fetch(`${server.url}/api/executions/${handle.execution_id}/events?format=sse`);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const text = await response.text();
    const [last] = text.trimEnd().split("\n\n").slice(-1);
    assert.match(last ?? "", /^event: end\ndata: {"type":"StreamEnded","reason":"too_slow",/);
    assert.ok(text.length < 9_000_000);
  });
});

Deno.test("a client whose token is revoked meanwhile is let go of", async () => {
  let isValid = true;
  const auth = {
    authenticate(request: Request) {
      if (isValid && request.headers.get("Authorization") === "Bearer t") {
        return Promise.resolve({ id: "t", name: "t", role: "viewer" as const });
      }
      return Promise.reject(new FlowError("unauthenticated", "Cannot do that: the token is not valid"));
    },
  };
  await withFlowServer({ auth, live: { heartbeatMs: 50 } }, async (server) => {
    const gate = createGate();
    const handle = await server.startLines({ count: 1, gate });
    const socket = new OtherWebSocket(ofExecution(server, handle.execution_id), {
      headers: { Authorization: "Bearer t" },
    });
    const closed = new Promise<number>((resolve) => socket.on("close", resolve));
    await new Promise((resolve) => socket.on("open", resolve));
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(socket.readyState, OtherWebSocket.OPEN);
    isValid = false;
    assert.equal(await closed, 4401);
  });
});

Deno.test("a browser sends its token as a subprotocol, and gets the other one back", async () => {
  const seen: (string | null)[] = [];
  const auth = {
    authenticate(request: Request) {
      seen.push(request.headers.get("Sec-WebSocket-Protocol"));
      return Promise.resolve({ id: "t", name: "t", role: "viewer" as const });
    },
  };
  await withFlowServer({ auth }, async (server) => {
    const handle = await server.startLines({ count: 1 });
    for (const offered of [["flow", "bearer.secret"], ["bearer.secret"]]) {
      const socket = new WebSocket(ofExecution(server, handle.execution_id), offered);
      const closed = new Promise<CloseEvent>((resolve) => socket.onclose = resolve);
      const protocol = await new Promise((resolve) => socket.onopen = () => resolve(socket.protocol));
      assert.equal(protocol, offered[0]);
      assert.equal((await closed).code, 1000);
      assert.equal(seen.at(-1), offered.join(", "));
    }
  });
});

Deno.test("heartbeats show that the server is there", async () => {
  await withFlowServer({ live: { heartbeatMs: 30 } }, async (server) => {
    const handle = await server.startLines({ count: 1, gate: createGate() });
    const client = listen(`${ofExecution(server, handle.execution_id)}&heartbeat=true`);
    await until(() => client.messages.some(({ type }) => type === "Heartbeat"), soon);
    client.socket.close();
    await client.closed;
    const response = await fetch(`${server.url}/api/executions/${handle.execution_id}/events?format=sse`);
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    for (let text = ""; !text.includes("\n: heartbeat\n");) text += (await reader?.read())?.value ?? "";
    await reader?.cancel();
  });
});

Deno.test("followers of an execution whose engine is gone are told so", async () => {
  await withFlowServer({}, async (server) => {
    const handle = await server.startLines({ count: 1, gate: createGate() });
    const client = listen(ofExecution(server, handle.execution_id));
    await until(() => client.messages.length === 2, soon);
    await server.engine.close();
    assert.equal((await client.closed).code, 4410);
    assert.equal(client.messages.at(-1)?.reason, "interrupted");
  });
});
