import { createRoute } from "@hono/zod-openapi";
import * as z from "zod";
import { stringifyEvent } from "../../engine/event_text.ts";
import { FlowError } from "../../engine/errors.ts";
import { chooseProtocol } from "../authentication.ts";
import { createRoutes, type ServerApp, type ServerContext } from "../env.ts";
import { type BodyFormat, ndjsonFormat, sseFormat } from "../live/body_sink.ts";
import { followInBody, followInSocket } from "../live/follow.ts";
import { LiveStreams, type StreamRequest } from "../live/streams.ts";
import type { ServerPorts } from "../ports.ts";
import { errorAnswers } from "../schemas.ts";

/** Events that a page has at most. */
const MAX_PAGE = 10_000;

const place = z.coerce.number().int().min(0).optional();
const formatQuery = {
  format: z.enum(["sse", "ndjson"]).optional().describe("In place of the Accept header; default: ndjson"),
};

const executionQuery = z.object({
  after: place.describe("Only events with a greater seq; the header Last-Event-ID wins over it"),
  ...formatQuery,
  follow: z.enum(["true", "false"]).default("true").describe("false: only one page of what is there"),
  kind: z.enum(["all", "state", "logs"]).optional().describe("With follow=false: leaves log events out, or all others"),
  node_id: z.string().optional().describe("With follow=false: only events of this node"),
  limit: z.coerce.number().int().min(1).max(MAX_PAGE).optional().describe(
    "With follow=false: at most so many events. A page may have fewer; only an empty one is the end",
  ),
});

const allQuery = z.object({
  execution_id: z.string().optional().describe("Only events of this execution"),
  after: place.describe("Only events with a greater seq (of one execution) or position (of all)"),
  ...formatQuery,
  heartbeat: z.enum(["true", "false"]).default("false").describe(
    'WebSocket: a message {"type": "Heartbeat"} now and then, for clients that cannot see pings',
  ),
});

const eventStream = {
  200: {
    description: "Events in order: those in the journal, then those that come about, to the end",
    content: {
      "application/x-ndjson": { schema: z.string().describe("A line of JSON per event; empty lines are heartbeats") },
      "text/event-stream": { schema: z.string().describe("`data` is an event in JSON, `id` its seq or position") },
    },
  },
  204: { description: "Server-sent events: nothing will follow, do not connect again" },
  ...errorAnswers,
};

const ofExecution = createRoute({
  method: "get",
  path: "/api/executions/{id}/events",
  tags: ["Events"],
  summary: "Follow the events of an execution",
  operationId: "followExecution",
  request: { params: z.object({ id: z.string() }), query: executionQuery },
  responses: eventStream,
});

const ofAll = createRoute({
  method: "get",
  path: "/api/events",
  tags: ["Events"],
  summary: "Follow the events of all executions, or of one; by WebSocket, or in the body of the answer",
  operationId: "followEvents",
  request: { query: allQuery },
  responses: { 101: { description: "WebSocket: an event in JSON per message" }, ...eventStream },
});

/** `/api/events` and `/api/executions/{id}/events` */
export function eventRoutes(ports: ServerPorts): ServerApp {
  const streams = new LiveStreams(ports.engine, ports.clock, ports.limits.live);
  ports.metrics?.watchClients(() => streams.clientCount);
  ports.closing.addEventListener("abort", () => streams.close(), { once: true });
  const routes = createRoutes();
  routes.openapi(ofExecution, async (c) => {
    const { id } = c.req.valid("param");
    const query = c.req.valid("query");
    await checkExists(ports, id);
    if (query.follow === "false") return await answerPage(c, ports, id, query);
    checkFollows(query);
    return await answerBody(c, ports, streams, query.format, { executionId: id, after: query.after });
  });
  routes.openapi(ofAll, async (c) => {
    const { execution_id: executionId, after, format, heartbeat } = c.req.valid("query");
    if (executionId !== undefined) await checkExists(ports, executionId);
    if (c.req.header("Upgrade")?.toLowerCase() !== "websocket") {
      return await answerBody(c, ports, streams, format, { executionId, after });
    }
    streams.checkRoom();
    const request = { executionId, after, isAllowed: createCheck(c, ports) };
    const { socket, response } = c.env.upgrade(chooseProtocol(c.req.raw.headers));
    const requestId = c.get("requestId");
    const onError = (error: unknown) => ports.onInternalError(error, requestId);
    followInSocket(streams, socket, request, { wantsBeats: heartbeat === "true", onError });
    return response;
  });
  return routes;
}

async function answerBody(
  c: ServerContext,
  ports: ServerPorts,
  streams: LiveStreams,
  format: "sse" | "ndjson" | undefined,
  request: StreamRequest,
): Promise<Response> {
  const chosen = chooseFormat(c, format);
  const after = lastEventId(c) ?? request.after;
  if (chosen === sseFormat && await isOver(ports, request.executionId, after)) return c.body(null, 204);
  streams.checkRoom();
  const isAllowed = createCheck(c, ports);
  const { body, startsAfter } = await followInBody(streams, chosen, { ...request, after, isAllowed });
  return c.body(body, 200, {
    "Content-Type": chosen.contentType,
    "X-Events-After": String(startsAfter),
    ...STREAM_HEADERS,
  });
}

/** Proxies would collect the whole stream before they pass it on. */
const STREAM_HEADERS = { "Cache-Control": "no-store", "X-Accel-Buffering": "no" };

function chooseFormat(c: ServerContext, format: "sse" | "ndjson" | undefined): BodyFormat {
  const wantsSse = format === undefined ? c.req.header("Accept")?.includes("text/event-stream") : format === "sse";
  return wantsSse ? sseFormat : ndjsonFormat;
}

/** Where a browser that connects again goes on. */
function lastEventId(c: ServerContext): number | undefined {
  const id = c.req.header("Last-Event-ID");
  if (id === undefined || id === "") return undefined;
  if (/^\d{1,15}$/.test(id)) return Number(id);
  throw new FlowError("invalid_argument", `Cannot go on after "${id.slice(0, 40)}": it is no id of an event`, {
    hint: "Send the id of the last event in Last-Event-ID.",
  });
}

/** Whether a browser that connects again would get nothing more: only an answer without content stops it. */
async function isOver({ engine, clock }: ServerPorts, executionId: string | undefined, after = 0): Promise<boolean> {
  if (executionId === undefined || after === 0) return false;
  const summary = await engine.store.getSummary(executionId, clock.now());
  return summary?.ended_at !== undefined && summary.last_seq <= after;
}

async function answerPage(
  c: ServerContext,
  { engine }: ServerPorts,
  executionId: string,
  { after, kind, node_id, limit, format }: z.infer<typeof executionQuery>,
): Promise<Response> {
  if (chooseFormat(c, format) === sseFormat) throw onlyLines();
  const events = await engine.store.readEvents(executionId, {
    ...(after === undefined ? {} : { after }),
    ...(kind === undefined ? {} : { kind }),
    ...(node_id === undefined ? {} : { node_id }),
    ...(limit === undefined ? {} : { limit }),
  });
  const lines = events.map((event) => `${stringifyEvent(event)}\n`).join("");
  return c.body(lines, 200, { "Content-Type": ndjsonFormat.contentType, "Cache-Control": "no-store" });
}

function checkFollows({ kind, node_id, limit }: z.infer<typeof executionQuery>): void {
  const name = Object.entries({ kind, node_id, limit }).find(([, value]) => value !== undefined)?.[0];
  if (name === undefined) return;
  throw new FlowError("invalid_argument", `Cannot use "${name}": it works only with follow=false`, {
    hint: "Send follow=false too, or follow all events.",
  });
}

function onlyLines(): FlowError {
  return new FlowError("invalid_argument", "Cannot answer a page as server-sent events", {
    hint: "Send format=ndjson with follow=false.",
  });
}

async function checkExists({ engine, clock }: ServerPorts, executionId: string): Promise<void> {
  if (await engine.store.getSummary(executionId, clock.now()) !== undefined) return;
  throw new FlowError("not_found", `No execution has the id "${executionId}"`, {
    hint: "GET /api/executions lists those that there are.",
  });
}

/** Whether whoever has sent the request may still see what it asked for: tokens are revoked, and run out. */
function createCheck(c: ServerContext, { auth }: ServerPorts): () => Promise<boolean> {
  // The request itself is gone by then.
  const request = new Request(c.req.url, { headers: new Headers(c.req.raw.headers) });
  const { env } = c;
  return async () => {
    try {
      await auth.authenticate(request, env);
      return true;
    } catch (error) {
      // That it cannot be told at the moment, such as while the database is busy, says nothing about the token.
      return !(error instanceof FlowError && error.code === "unauthenticated");
    }
  };
}
