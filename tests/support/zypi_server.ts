import type { TestServer } from "./http_server.ts";
import { execOnce } from "./zypi_exec.ts";
import { answerAboutImages } from "./zypi_images.ts";
import { ZypiSessions } from "./zypi_sessions.ts";
import { type Answer, answer, crash, type Fields, refuse, ZypiWorld, type ZypiWorldOptions } from "./zypi_world.ts";

export { whyNoBubblewrap } from "./zypi_vm.ts";

/** How the server is set up. */
export interface ZypiServerOptions extends ZypiWorldOptions {
  /** Called with each request, as `POST /exec`, before it is answered; `"crash"`: the handler crashes instead. */
  onRequest?: (line: string, fields: Fields) => unknown;
}

/** A server with Zypi's HTTP API, whose microVMs are namespaces made by bubblewrap. */
export interface ZypiServer extends TestServer {
  /** How many VMs are alive. */
  vms(): number;
  /** How many sessions it knows. */
  sessions(): number;
}

/** What the server reads of a request. */
const MAX_BODY_BYTES = 8_000_000;

/** Opens a server on a free port, or on `port`. */
export function openZypiServer(options: ZypiServerOptions, port = 0): ZypiServer {
  const world = new ZypiWorld(options);
  const sessions = new ZypiSessions(world);
  const controller = new AbortController();
  const handle = async (request: Request) => {
    const started = performance.now();
    const made = await route(world, sessions, request, options.onRequest).catch((error) => {
      console.error("the Zypi test server failed:", error);
      return crash();
    });
    return toResponse(made, Math.round(performance.now() - started));
  };
  const server = Deno.serve(
    { hostname: "127.0.0.1", port, signal: controller.signal, onListen: () => {}, onError: () => new Response() },
    handle,
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    port: server.addr.port,
    vms: () => world.vms,
    sessions: () => sessions.size,
    async close() {
      controller.abort();
      await world.close();
      await server.finished;
    },
  };
}

async function route(
  world: ZypiWorld,
  sessions: ZypiSessions,
  request: Request,
  onRequest: ZypiServerOptions["onRequest"],
): Promise<Answer> {
  const { pathname } = new URL(request.url);
  const [first = "", ...rest] = pathname.split("/").slice(1).map(decodeURIComponent);
  if (first === "images" && rest[1] === "import") return await answerAboutImages(world, request, rest, {});
  const fields = await readFields(request);
  if ("status" in fields) return fields.status;
  const line = `${request.method} ${pathname}`;
  if (await onRequest?.(line, fields.fields) === "crash") return crash();
  if (line === "POST /exec") return await execOnce(world, fields.fields);
  if (first === "sessions") return await answerAboutSessions(sessions, request.method, rest, fields.fields);
  if (first === "images") return await answerAboutImages(world, request, rest, fields.fields);
  return answerAboutServer(world, line);
}

function answerAboutServer(world: ZypiWorld, line: string): Answer {
  const containers = [...world.containers.values()].map(({ created_at, ...rest }) => {
    return {
      ...rest,
      created_at,
      started_at: created_at,
      status: "running",
      rootfs: `/var/lib/zypi/containers/${rest.id}/rootfs.ext4`,
    };
  });
  switch (line) {
    case "GET /health":
      return answer(200, { status: "ok", timestamp: world.now() });
    case "GET /status":
      return answer(200, {
        containers: containers.length === 0 ? {} : { running: containers.length },
        images: world.images.size,
      });
    case "GET /containers":
      return answer(200, { containers });
    case "GET /pool/stats":
      return answer(200, world.poolStats());
    default:
      return refuse(404, "not_found");
  }
}

async function answerAboutSessions(
  sessions: ZypiSessions,
  method: string,
  [id, verb]: string[],
  fields: Fields,
): Promise<Answer> {
  if (method === "POST" && id === undefined) return await sessions.create(fields);
  if (method === "POST" && id !== undefined && verb === "exec") return await sessions.exec(id, fields);
  if (method === "GET" && id === undefined) return await sessions.list();
  if (method === "GET" && id !== undefined && verb === undefined) return await sessions.get(id);
  if (method === "DELETE" && id !== undefined && verb === undefined) return await sessions.close(id);
  return refuse(404, "not_found");
}

async function readFields(request: Request): Promise<{ fields: Fields } | { status: Answer }> {
  const type = request.headers.get("content-type");
  const bytes = await request.bytes();
  if (bytes.length > MAX_BODY_BYTES) return { status: crash(413) };
  if (bytes.length === 0) return { fields: {} };
  if (!/^application\/json\s*(;|$)/.test(type ?? "")) return { status: crash(415) };
  try {
    const body: unknown = JSON.parse(new TextDecoder().decode(bytes));
    const isObject = typeof body === "object" && body !== null && !Array.isArray(body);
    return { fields: isObject ? body as Fields : {} };
  } catch {
    return { status: crash(400) };
  }
}

function toResponse(made: Answer, ms: number): Response {
  if ("events" in made) {
    const text = made.events.map(({ event, data }) => `event: ${event}\ndata: ${data ? toJson(data) : ""}\n\n`);
    const headers = {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache",
      connection: "keep-alive",
    };
    // A stream, so that it is sent in chunks.
    return new Response(ReadableStream.from(text).pipeThrough(new TextEncoderStream()), { headers });
  }
  if (made.body === undefined) return new Response(null, { status: made.status, headers: { connection: "close" } });
  const headers = {
    "content-type": "application/json; charset=utf-8",
    "cache-control": "max-age=0, private, must-revalidate",
    "x-request-time-ms": String(ms),
  };
  return new Response(toJson(made.body), { status: made.status, headers });
}

/** With keys in alphabetical order, as the real server writes them. */
function toJson(body: Fields): string {
  return JSON.stringify(body, (_, value: unknown) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1));
  });
}
