import * as z from "zod";
import { systemClock } from "../../engine/clock.ts";
import { createEngine, type Engine } from "../../engine/engine.ts";
import type { ExecutionHandle } from "../../engine/engine_options.ts";
import { FlowError } from "../../engine/errors.ts";
import { anyPorts, defineNode } from "../../engine/node.ts";
import { parseWorkflow } from "../../engine/parse.ts";
import { getPlatform } from "../../platform/mod.ts";
import { createApp } from "../../server/app.ts";
import type { ServerLimits, ServerPorts } from "../../server/ports.ts";
import { openSqliteStore } from "../../store/open.ts";
import { openServerTables } from "../../store/server_tables.ts";

/** A server in this process, with a database in memory and nodes of the type `test.lines`. */
export interface FlowServer {
  /** `http://127.0.0.1:<port>` */
  url: string;
  /** `ws://127.0.0.1:<port>` */
  socketUrl: string;
  engine: Engine;
  /** Starts an execution whose only node prints `count` lines, after `gate` has been opened. */
  startLines(options: { count: number; gate?: Gate; length?: number; then?: Gate }): Promise<ExecutionHandle>;
  /** What the server kept from its clients. */
  internalErrors: unknown[];
  /** As `flow serve` does when it is told to end. */
  startClosing(): void;
  close(): Promise<void>;
}

/** Something that nodes wait for. */
export interface Gate {
  opened: Promise<void>;
  open(): void;
}

export function createGate(): Gate {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}

/** How to open a server. */
export interface FlowServerOptions {
  live?: ServerLimits["live"];
  auth?: ServerPorts["auth"];
}

/** Calls `test` with a server that is gone afterwards. */
export async function withFlowServer(
  options: FlowServerOptions,
  test: (server: FlowServer) => Promise<void>,
): Promise<void> {
  const server = await openFlowServer(options);
  try {
    await test(server);
  } finally {
    await server.close();
  }
}

const openGate: Gate = { opened: Promise.resolve(), open() {} };

async function openFlowServer({ live, auth }: FlowServerOptions): Promise<FlowServer> {
  const gates = new Map<string, Gate>();
  const store = await openSqliteStore(":memory:");
  const engine = createEngine({ nodes: [linesNode(gates)], store });
  const closing = new AbortController();
  const internalErrors: unknown[] = [];
  const { audit, idempotency } = openServerTables(store);
  const app = createApp({
    engine,
    admission: engine,
    access: { allowedHosts: [], allowedOrigins: [] },
    audit,
    idempotency,
    clock: systemClock,
    version: "0.0.0",
    auth: auth ?? { authenticate: () => Promise.resolve({ id: "anyone", name: "anyone", role: "admin" }) },
    limits: { maxBodyBytes: 1024 * 1024, ...(live === undefined ? {} : { live }) },
    workdir: "/",
    closing: closing.signal,
    onInternalError: (error) => internalErrors.push(error),
  });
  const listener = await getPlatform().serve(
    { hostname: "127.0.0.1", port: 0 },
    (request, info) => app.fetch(request, info),
  );
  return {
    url: listener.url,
    socketUrl: listener.url.replace("http", "ws"),
    engine,
    internalErrors,
    startClosing: () => closing.abort(),
    startLines: async ({ count, gate = openGate, length = 10, then = openGate }) => {
      const [before, after] = [crypto.randomUUID(), crypto.randomUUID()];
      gates.set(before, gate).set(after, then);
      const config = { count, length, before, after };
      const document = { id: "lines", nodes: [{ id: "lines", node_type: "test.lines", config }] };
      return await engine.start(await parseWorkflow(document, { registry: engine.registry }));
    },
    async close() {
      closing.abort();
      await engine.close();
      await listener.shutdown(1000);
      await store.close();
    },
  };
}

function linesNode(gates: ReadonlyMap<string, Gate>) {
  return defineNode({
    type: "test.lines",
    version: 1,
    summary: "Print lines",
    category: "test",
    config: { count: z.int(), length: z.int(), before: z.string(), after: z.string() },
    inputs: anyPorts(),
    outputs: { count: z.int() },
    async run({ config, signal, stdout, sleep }) {
      const wait = (name: string) => Promise.race([gates.get(name)?.opened, rejectOnAbort(signal)]);
      await wait(config.before);
      for (let i = 1; i <= config.count; i++) {
        stdout(`line ${i} `.padEnd(config.length, "."));
        if (i % 100 === 0) await sleep(0);
      }
      await wait(config.after);
      return { count: config.count };
    },
  });
}

function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const refuse = () => reject(new FlowError("cancelled", "Cancelled"));
    if (signal.aborted) refuse();
    else signal.addEventListener("abort", refuse, { once: true });
  });
}
