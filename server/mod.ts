/**
 * The server of `flow serve` for servers of your own.
 *
 * ```ts
 * import { createEngine } from "flowengine";
 * import { bearerTokens, createHandler } from "flowengine/server";
 *
 * const authenticate = bearerTokens([{ token: "correct-horse-battery", name: "ci", role: "operator" }]);
 * const flow = createHandler({ engine: createEngine(), authenticate });
 * const answer = await flow.fetch(new Request("http://localhost/health"));
 * console.log(answer.status);
 * ```
 *
 * docs/server.md shows it in Hono, `Deno.serve` and Node.
 *
 * @module
 */
export { type AcceptedToken, bearerTokens } from "./bearer_tokens.ts";
export { createHandler } from "./handler.ts";
export type { Authenticate, FlowHandler, HandlerOptions } from "./handler_options.ts";
export type { Principal, Role } from "./ports.ts";
export type { UpgradeWebSocket } from "./request_origin.ts";
