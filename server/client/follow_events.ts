/**
 * Follows an execution on a server, whatever becomes of connections.
 *
 *   C1. Every event with a seq greater than `after` comes once, in order: a new connection asks for what comes after the
 *       last one, and what comes twice, or too early, is not passed on.
 *   C2. It ends after WorkflowCompleted; quietly when `signal` aborts, or when nobody drives the execution for longer
 *       than a server takes to come back; with an error when patience has run out, or the server refuses.
 */
import { type Clock, systemClock } from "../../engine/clock.ts";
import { FlowError } from "../../engine/errors.ts";
import { parseEvent } from "../../engine/event_text.ts";
import type { ExecutionEvent } from "../../engine/events.ts";
import type { ExecutionSummary } from "../../engine/store.ts";
import type { SubscribeOptions } from "../../engine/subscription.ts";
import type { HttpClient } from "./http.ts";
import { readLines } from "./read_lines.ts";
import { Backoff, isTransient } from "./retry.ts";

/** The server sends something every 15 seconds. */
const IDLE_MS = 45_000;
/** A server that comes back resumes what it drove: so long an execution may be without a driver. */
const DRIVERLESS_MS = 20_000;

/** What to follow events with. */
export interface FollowContext {
  http: HttpClient;
  patienceMs: number;
  clock?: Clock;
}

/** How a connection ended: with everything, without a driver, or for a reason that may pass. */
type ConnectionEnd = "completed" | "interrupted" | FlowError;

/** Where a reader is. */
interface Progress {
  seq: number;
  /** Called for each event. */
  onEvent(): void;
}

export async function* followEvents(
  { http, patienceMs, clock = systemClock }: FollowContext,
  executionId: string,
  { after = 0, signal }: SubscribeOptions = {},
): AsyncGenerator<ExecutionEvent, void, undefined> {
  const unreachable = new Backoff(clock, patienceMs);
  const driverless = new Backoff(clock, DRIVERLESS_MS);
  const progress: Progress = {
    seq: after,
    onEvent() {
      unreachable.reset();
      driverless.reset();
    },
  };
  while (!signal?.aborted) {
    const end = yield* tryConnection(http, executionId, progress, signal);
    if (end === "completed") return;
    const mayGoOn = await pauseQuietly(end === "interrupted" ? driverless : unreachable, signal);
    if (mayGoOn) continue;
    if (end === "interrupted" || signal?.aborted) return;
    throw end;
  }
}

/** @throws {FlowError} if it makes no sense to connect again */
async function* tryConnection(
  http: HttpClient,
  executionId: string,
  progress: Progress,
  signal: AbortSignal | undefined,
): AsyncGenerator<ExecutionEvent, ConnectionEnd, undefined> {
  try {
    return yield* readConnection(http, executionId, progress, signal);
  } catch (error) {
    if (signal?.aborted) return "completed";
    if (error instanceof FlowError && isTransient(error)) return error;
    throw error;
  }
}

/** What one connection brings that is new. */
async function* readConnection(
  http: HttpClient,
  executionId: string,
  progress: Progress,
  signal: AbortSignal | undefined,
): AsyncGenerator<ExecutionEvent, ConnectionEnd, undefined> {
  for await (const message of readMessages(http, executionId, progress.seq, signal)) {
    if (message.type === "StreamEnded") return readEnd(message);
    if (message.seq <= progress.seq) continue;
    if (message.seq !== progress.seq + 1) return lost(http, `events after ${progress.seq} are missing`);
    progress.seq = message.seq;
    progress.onEvent();
    yield message;
    if (message.type === "WorkflowCompleted") return "completed";
  }
  // A stream that had nothing more to bring is no different from one that was cut.
  const { ended_at, last_seq } = await http.json<ExecutionSummary>({ path: pathOf(executionId), signal });
  return ended_at !== undefined && last_seq <= progress.seq ? "completed" : lost(http, "the connection was cut");
}

async function* readMessages(
  http: HttpClient,
  executionId: string,
  after: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<ExecutionEvent | StreamEnded, void, undefined> {
  const path = `${pathOf(executionId)}/events`;
  const headers = { Accept: "application/x-ndjson" };
  const { body } = await http.open({ path, query: { after }, headers, signal });
  if (body === null) return;
  try {
    for await (const lines of readLines(body, IDLE_MS)) {
      for (const line of lines) if (line !== "") yield parseEvent(line) as ExecutionEvent | StreamEnded;
    }
  } catch (error) {
    throw error instanceof FlowError ? error : lost(http, "the connection was cut", error);
  }
}

function pathOf(executionId: string): string {
  return `/api/executions/${encodeURIComponent(executionId)}`;
}

function lost({ url }: HttpClient, state: string, cause?: unknown): FlowError {
  return new FlowError("unavailable", `Cannot follow events of "${url}": ${state}`, { cause });
}

interface StreamEnded {
  type: "StreamEnded";
  reason: string;
  message: string;
}

/** @throws {FlowError} if it makes no sense to connect again */
function readEnd({ reason, message }: StreamEnded): ConnectionEnd {
  if (reason === "unauthenticated") {
    throw new FlowError("unauthenticated", `The server has ended the stream: ${message}`, {
      hint: "Connect with a valid token.",
    });
  }
  if (reason === "completed" || reason === "interrupted") return reason;
  return new FlowError("unavailable", `The server has ended the stream: ${message}`);
}

/** False if there is no use in going on. */
async function pauseQuietly(backoff: Backoff, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    return await backoff.pause(signal);
  } catch {
    return false;
  }
}
