import { systemClock } from "../../engine/clock.ts";
import { createApp } from "../../server/app.ts";
import { success } from "../../server/outcome.ts";
import type { ServerPorts } from "../../server/ports.ts";
import type { CliContext, CommonFlags } from "../context.ts";
import { watchInterrupts } from "../interrupt.ts";
import { openEngine, openRegistry } from "../open_engine.ts";
import { openStore, type StoreFlags, withStore } from "../open_store.ts";
import { version } from "../version.ts";
import { loadNodeFiles } from "../workflow_file.ts";

/** Flags of `flow serve`. */
export interface ServeFlags extends CommonFlags, StoreFlags {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly workdir?: string | undefined;
  readonly nodes?: readonly string[] | undefined;
}

/** How long requests and running nodes may take to end. */
const GRACE_MS = 10_000;

/** `flow serve`: the HTTP server, until somebody ends it. */
export async function serve(context: CliContext, flags: ServeFlags): Promise<number> {
  const { platform, err } = context;
  const registry = openRegistry(platform, await loadNodeFiles(context, flags.nodes));
  return await withStore(openStore(platform, flags), async (store) => {
    if (flags.workdir !== undefined) platform.changeDir(flags.workdir);
    const engine = openEngine(platform, registry, store, flags);
    const closing = new AbortController();
    const ports: ServerPorts = {
      engine,
      clock: systemClock,
      version,
      auth: { authenticate: () => Promise.resolve({ name: "anonymous", role: "admin" }) },
      limits: { maxBodyBytes: 16 * 1024 * 1024 },
      workdir: platform.cwd(),
      closing: closing.signal,
      onInternalError: (error, requestId) => err.write(`${requestId}: ${String(error)}\n`),
    };
    const app = createApp(ports);
    const listen = { hostname: flags.host ?? "127.0.0.1", port: flags.port ?? 3000 };
    const listener = await platform.serve(listen, (request, info) => app.fetch(request, info));
    err.write(`Listening on ${listener.url}\n`);
    await new Promise<void>((resolve) => watchInterrupts(platform, { first: () => resolve(), again: () => resolve() }));
    closing.abort();
    await listener.shutdown(GRACE_MS);
    await engine.close();
    return success.exit_code;
  });
}
