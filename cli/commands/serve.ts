import { createLocalDispatcher } from "../../engine/attempt.ts";
import { systemClock } from "../../engine/clock.ts";
import type { Engine } from "../../engine/engine.ts";
import { FlowError } from "../../engine/errors.ts";
import type { HttpListener } from "../../platform/listener.ts";
import type { Platform } from "../../platform/types.ts";
import { createApp } from "../../server/app.ts";
import { TokenAuthenticator } from "../../server/authentication.ts";
import { DEFAULT_BODY_BYTES } from "../../server/bodies.ts";
import { DrainingDispatcher } from "../../server/draining_dispatcher.ts";
import { success } from "../../server/outcome.ts";
import type { ServerPorts } from "../../server/ports.ts";
import { admitTo, ExecutionQueue } from "../../server/execution_queue.ts";
import { ServerMetrics } from "../../server/metrics/server_metrics.ts";
import { resumeInterrupted } from "../../server/resume_interrupted.ts";
import type { ExecutionTraces } from "../../server/traces/execution_traces.ts";
import { openSqliteStore } from "../../store/open.ts";
import { openServerTables } from "../../store/server_tables.ts";
import type { SqliteStore } from "../../store/sqlite_store.ts";
import type { CliContext, CommonFlags } from "../context.ts";
import { openEngine, openRegistry } from "../open_engine.ts";
import { databasePath, type StoreFlags, withStore } from "../open_store.ts";
import { formatStacks } from "../report_error.ts";
import { type Address, isLoopback, readAddress, readLogFormat, readTls, readTokens } from "../serve_settings.ts";
import type { TlsFlags, TokenFlags } from "../serve_settings.ts";
import { type LogFormat, ServeLog } from "../serve_log.ts";
import { ANSWER_MS, ServeStop } from "../serve_stop.ts";
import { version } from "../../server/version.ts";
import { loadNodeFiles } from "../workflow_file.ts";

/** Flags of `flow serve`. */
export interface ServeFlags extends CommonFlags, StoreFlags, TokenFlags, TlsFlags {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly workdir?: string | undefined;
  readonly nodes?: readonly string[] | undefined;
  readonly allowHost?: readonly string[] | undefined;
  readonly allowOrigin?: readonly string[] | undefined;
  /** Bytes. */
  readonly maxBody?: number | undefined;
  readonly maxConnections?: number | undefined;
  readonly maxExecutions?: number | undefined;
  readonly maxExecutionsPerWorkflow?: number | undefined;
  readonly logFormat?: LogFormat | undefined;
  readonly quiet?: boolean | undefined;
  /** Milliseconds. */
  readonly grace?: number | undefined;
}

const DEFAULT_EXECUTIONS = 100;
const DEFAULT_GRACE_MS = 10_000;

/** `flow serve`: the HTTP server, until somebody ends it. */
export async function serve(context: CliContext, flags: ServeFlags): Promise<number> {
  const { platform } = context;
  const registry = openRegistry(platform, await loadNodeFiles(context, flags.nodes));
  const opening = openSqliteStore(databasePath(platform, flags), { durability: flags.durability ?? "normal" });
  return await withStore(opening, async (store) => {
    const dispatcher = new DrainingDispatcher(createLocalDispatcher(systemClock));
    const queue = openQueue(flags);
    const engine = openEngine(platform, registry, store, flags, { dispatcher, gate: queue });
    const log = openLog(context, flags);
    const traces = await openTraces(platform, engine);
    const stop = new ServeStop(platform, log);
    stop.closing.addEventListener("abort", () => queue.close());
    try {
      const parts = { store, engine, queue, log, traces, closing: stop.closing };
      const { ports, listener } = await listen(context, flags, parts);
      const resuming = resumeInterrupted(ports, resumeListener(log)).catch((error) =>
        log.error("Cannot look for interrupted executions", error)
      );
      await stop.run(listener, dispatcher, flags.grace ?? DEFAULT_GRACE_MS);
      // Now those who wait for an execution are told, and then nobody is kept any longer.
      await engine.close();
      await listener.shutdown(ANSWER_MS);
      await resuming;
    } finally {
      stop.close();
      await engine.close();
      traces?.close();
    }
    return success.exit_code;
  });
}

interface ServerParts {
  store: SqliteStore;
  engine: Engine;
  queue: ExecutionQueue;
  log: ServeLog;
  traces: ExecutionTraces | undefined;
  closing: AbortSignal;
}

async function listen(context: CliContext, flags: ServeFlags, parts: ServerParts) {
  const { platform } = context;
  const { log, engine } = parts;
  const [address, tls] = [readAddress(platform, flags), await readTls(platform, flags)];
  // Another folder to work in does not change where the database is.
  const path = databasePath(platform, flags);
  const ports = await createPorts(context, flags, parts, address);
  const app = createApp(ports);
  const options = { ...address, tls, maxConnections: flags.maxConnections };
  const listener = await platform.serve(options, (request, info) => app.fetch(request, info));
  announce(context, log, ports, listener, path);
  engine.listen((events) => log.onEvents(events));
  return { ports, listener };
}

async function createPorts(
  context: CliContext,
  flags: ServeFlags,
  parts: ServerParts,
  address: Address,
): Promise<ServerPorts> {
  const { platform } = context;
  const { store, engine, queue, log, traces, closing } = parts;
  const { tokens, audit, idempotency, checkWritable } = openServerTables(store);
  const fixed = await readTokens(platform, flags);
  const isOpenWithoutTokens = isLoopback(address);
  if (!isOpenWithoutTokens && fixed.length === 0 && !(await tokens.hasAny())) throw unprotected(address);
  if (flags.workdir !== undefined) platform.changeDir(flags.workdir);
  const metrics = new ServerMetrics({ engine, clock: systemClock, queue, version, rss: () => platform.rss() });
  return {
    engine,
    admission: admitTo(engine, queue),
    queue,
    metrics,
    traces,
    observers: [metrics, log],
    clock: systemClock,
    version,
    auth: new TokenAuthenticator({ clock: systemClock, fixed, stored: tokens, isOpenWithoutTokens }),
    access: { allowedHosts: [address.hostname, ...flags.allowHost ?? []], allowedOrigins: flags.allowOrigin ?? [] },
    limits: { maxBodyBytes: flags.maxBody ?? DEFAULT_BODY_BYTES },
    idempotency,
    audit,
    checkWritable,
    workdir: platform.cwd(),
    closing,
    onInternalError(error, requestId) {
      const stack = flags.debug ? formatStacks(error) : undefined;
      log.error("request failed", error, { request_id: requestId, stack });
    },
  };
}

function openLog({ platform, err }: CliContext, flags: ServeFlags): ServeLog {
  return new ServeLog(err, {
    format: flags.logFormat ?? readLogFormat(platform),
    isQuiet: flags.quiet ?? false,
    clock: systemClock,
  });
}

/** Nothing but `OTEL_DENO` turns on what the runtime exports; without it spans would be lost. */
async function openTraces(platform: Platform, engine: Engine): Promise<ExecutionTraces | undefined> {
  if (!/^(true|1)$/i.test(platform.env("OTEL_DENO") ?? "")) return undefined;
  const { openSpanFactory } = await import("../../server/traces/span_factory.ts");
  const { ExecutionTraces } = await import("../../server/traces/execution_traces.ts");
  const traces = new ExecutionTraces(await openSpanFactory(version), engine.store);
  engine.listen((events) => traces.onEvents(events));
  return traces;
}

function openQueue({ maxExecutions = DEFAULT_EXECUTIONS, maxExecutionsPerWorkflow }: ServeFlags): ExecutionQueue {
  return new ExecutionQueue({ maxExecutions, maxPerWorkflow: maxExecutionsPerWorkflow });
}

function unprotected({ hostname, port }: Address): FlowError {
  const place = `"${hostname}:${port}"`;
  return new FlowError(
    "invalid_argument",
    `Cannot listen on ${place} without tokens: everybody could run commands here`,
    {
      hint: 'Set FLOW_TOKEN, or make a token with "flow tokens create".',
    },
  );
}

/** The address goes to stdout, for programs; the rest is for people. */
function announce(
  { out, err, errStyle }: CliContext,
  log: ServeLog,
  { version, workdir }: ServerPorts,
  { url }: HttpListener,
  path: string,
): void {
  const row = (name: string, value: string) => err.write(`  ${errStyle.dim(name.padEnd(9))} ${value}\n`);
  out.write(`${url}\n`);
  if (log.format === "json") return log.info("listening", { url, version, database: path, workdir });
  if (log.isQuiet) return;
  err.write(`flow ${version} listens on ${errStyle.bold(url)}\n`);
  row("API", `${url}/api-docs`);
  row("database", path);
  row("folder", workdir);
  row("try", `curl ${url}/health`);
}

function resumeListener(log: ServeLog) {
  return {
    onResumed: (executionId: string) => log.info(`Execution ${executionId} goes on.`),
    onFailed: (executionId: string, error: unknown) =>
      log.error("An execution stays interrupted", error, { execution_id: executionId }),
  };
}
