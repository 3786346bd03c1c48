import { sha256 } from "../engine/sha256.ts";
import type { ServerContext } from "./env.ts";
import type { RequestKey } from "./start_execution.ts";

/** The idempotency key of a request, if it has one, with what tells whether another one is the same. */
export async function readRequestKey(c: ServerContext, key: string | undefined): Promise<RequestKey | undefined> {
  if (key === undefined) return undefined;
  const { method, path } = c.req;
  const text = [method, path, await c.req.text()].join("\n");
  return { key, client: c.get("principal").id, hash: await sha256(text) };
}
