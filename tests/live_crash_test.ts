import assert from "node:assert/strict";
import { WebSocket as OtherWebSocket } from "ws";
import { connect, type ExecutionEvent } from "../mod.ts";
import { shellWorkflow } from "./support/cli.ts";
import { withRestartableServe } from "./support/restartable_serve.ts";

const EXECUTIONS = 20;
const WORKFLOW = shellWorkflow({
  first: "for i in 1 2 3; do echo line $i; done",
  second: "for i in 1 2 3 4 5 6 7 8 9 10; do echo line $i; sleep 0.1; done",
  third: "echo done",
}, ["first > second", "second > third"]);

/** Events of all executions as a client that is not ours sees them, who connects again behind the last position. */
class Collector {
  readonly seen: (ExecutionEvent & { position: number })[] = [];
  readonly #url: string;
  #socket: OtherWebSocket | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  connect(): void {
    const socket = new OtherWebSocket(`${this.#url}/api/events?after=${this.seen.at(-1)?.position ?? 0}`);
    this.#socket = socket;
    socket.on("error", () => {});
    socket.on("message", (data: Uint8Array) => {
      const message = JSON.parse(new TextDecoder().decode(data));
      if ("position" in message) this.seen.push(message);
    });
  }

  close(): Promise<void> {
    const socket = this.#socket;
    if (socket === undefined || socket.readyState === OtherWebSocket.CLOSED) return Promise.resolve();
    return new Promise((resolve) => {
      socket.on("close", () => resolve());
      socket.terminate();
    });
  }
}

Deno.test("after kill -9 of the server all executions finish, and clients that connect again see every event once", async () => {
  await withRestartableServe({}, async (server) => {
    const client = connect(server.url);
    const collector = new Collector(server.url.replace("http", "ws"));
    collector.connect();
    const handles = await Promise.all(Array.from({ length: EXECUTIONS }, () => client.start(WORKFLOW)));
    const following = handles.map((handle) => Array.fromAsync(handle.events()));
    while (collector.seen.length < 10 * EXECUTIONS) await new Promise((resolve) => setTimeout(resolve, 20));
    await server.crash();
    await collector.close();
    await server.restart();
    collector.connect();
    const streams = await Promise.all(following);
    for (const [i, events] of streams.entries()) {
      assert.deepEqual(events.map(({ seq }) => seq), events.map((_, at) => at + 1));
      assert.equal(events.at(-1)?.type, "WorkflowCompleted");
      assert.equal((await handles[i]?.result)?.status, "succeeded");
    }
    assert.ok(streams.some((events) => events.some(({ type }) => type === "WorkflowResumed")));
    const total = streams.reduce((sum, events) => sum + events.length, 0);
    while (collector.seen.length < total) await new Promise((resolve) => setTimeout(resolve, 20));
    for (const events of streams) {
      const its = collector.seen.filter(({ execution_id }) => execution_id === events[0]?.execution_id);
      assert.deepEqual(its.map(({ position: _, ...event }) => event), events);
    }
    await collector.close();
  });
});
