import type { Values } from "../../engine/value.ts";
import { ZypiClient } from "./client.ts";

/** What stands in the journal about a session, or about a command in one. */
export function toResource(url: string, sessionId: string, runId?: string): Values {
  return { url, session_id: sessionId, ...(runId === undefined ? {} : { run_id: runId }) };
}

/** Closes a session, or ends a command in one that may still run. */
export async function closeZypiResource({ url, session_id, run_id }: Values, signal: AbortSignal): Promise<void> {
  if (typeof url !== "string" || typeof session_id !== "string") return;
  const client = new ZypiClient(url);
  if (typeof run_id === "string") await client.endCommand(session_id, run_id, signal);
  else await client.closeSession(session_id, signal);
}
