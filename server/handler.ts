import { systemClock } from "../engine/clock.ts";
import { FlowError } from "../engine/errors.ts";
import { showValue } from "../engine/plain.ts";
import type { Store } from "../engine/store.ts";
import { getPlatform } from "../platform/mod.ts";
import { openServerTables } from "../store/server_tables.ts";
import { SqliteStore } from "../store/sqlite_store.ts";
import { createApp } from "./app.ts";
import { DEFAULT_BODY_BYTES } from "./bodies.ts";
import type { Authenticate, FlowHandler, HandlerOptions } from "./handler_options.ts";
import { MemoryAudit, MemoryIdempotency } from "./memory_tables.ts";
import type { Authenticator, Principal, Role, ServerPorts } from "./ports.ts";
import { checkBasePath, infoOf, withBase, withoutBase } from "./request_origin.ts";
import { version } from "./version.ts";

const ROLES: ReadonlySet<Role> = new Set(["viewer", "operator", "admin"]);

/**
 * The server of `flow serve` as a function from requests to answers, for a server of your own: Hono, `Deno.serve`, or
 * whatever else speaks `fetch`.
 *
 * ```ts
 * import { createEngine } from "flowengine";
 * import { bearerTokens, createHandler } from "flowengine/server";
 *
 * const engine = createEngine();
 * const authenticate = bearerTokens([{ token: "correct-horse-battery", name: "ci", role: "operator" }]);
 * const flow = createHandler({ engine, authenticate, basePath: "/flow" });
 *
 * const headers = { Authorization: "Bearer correct-horse-battery" };
 * const answer = await flow.fetch(new Request("http://localhost/flow/api/nodes", { headers }));
 * console.log(answer.status);
 * flow.close();
 * await engine.close();
 * ```
 *
 * @throws {FlowError} `invalid_argument` if an option cannot be used
 */
export function createHandler(options: HandlerOptions): FlowHandler {
  checkOptions(options);
  const { basePath = "", upgrade } = options;
  const base = checkBasePath(basePath);
  const closing = new AbortController();
  const app = createApp(createPorts(options, base, closing.signal));
  return {
    fetch: async (request, env) =>
      withBase(await app.fetch(withoutBase(request, base), infoOf(request, env, upgrade)), base),
    close: () => closing.abort(),
  };
}

/** For callers without types. */
function checkOptions({ engine, authenticate }: Partial<HandlerOptions>): void {
  if (engine === undefined) {
    throw new FlowError("invalid_argument", "Cannot serve: there is no engine", { hint: "Pass createEngine()." });
  }
  if (typeof authenticate === "function") return;
  throw new FlowError("invalid_argument", "Cannot serve: authenticate does not say who may run workflows", {
    hint: "Pass bearerTokens([...]), or a function that answers who sends a request.",
  });
}

function createPorts(options: HandlerOptions, basePath: string, closing: AbortSignal): ServerPorts {
  const { engine, authenticate, allowedHosts = [], allowedOrigins = [] } = options;
  return {
    engine,
    admission: engine,
    clock: systemClock,
    version,
    auth: createAuthenticator(authenticate),
    access: { allowedHosts, allowedOrigins },
    limits: { maxBodyBytes: options.maxBodyBytes ?? DEFAULT_BODY_BYTES },
    ...tablesOf(engine.store),
    workdir: options.workdir ?? getPlatform().cwd(),
    basePath,
    closing,
    onInternalError: options.onInternalError ?? ((error) => console.error(error)),
  };
}

function tablesOf(store: Store): Pick<ServerPorts, "idempotency" | "audit" | "checkWritable"> {
  if (!(store instanceof SqliteStore)) return { idempotency: new MemoryIdempotency(), audit: new MemoryAudit() };
  const { idempotency, audit, checkWritable } = openServerTables(store);
  return { idempotency, audit, checkWritable };
}

function createAuthenticator(authenticate: Authenticate): Authenticator {
  return {
    async authenticate(request, { remoteAddress }) {
      const principal = await authenticate(request, { remoteAddress });
      if (principal === undefined || principal === null) throw unknownClient();
      checkPrincipal(principal);
      return principal;
    },
  };
}

/** A role that there is not would be refused nothing. */
function checkPrincipal({ id, name, role }: Principal): void {
  if (typeof id === "string" && typeof name === "string" && ROLES.has(role)) return;
  throw new FlowError("internal", `authenticate answered the role ${showValue(role)}, id ${showValue(id)}`, {
    hint: "Answer { id, name, role }, the role being viewer, operator or admin.",
  });
}

function unknownClient(): FlowError {
  return new FlowError("unauthenticated", "Cannot tell who you are", { hint: "Log in, and send the request again." });
}
