/** As much of `Deno` as the tests of nodes and of the platform use, made of Node: so the same tests run on both. */
import { spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as files from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createRawServer, type Socket } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";

interface TestDefinition {
  name: string;
  ignore?: boolean;
  fn: () => void | Promise<void>;
}

interface CommandOptions {
  args?: string[];
  env?: Record<string, string>;
  cwd?: string;
}

function register(first: string | TestDefinition, fn?: TestDefinition["fn"]): void {
  const definition = typeof first === "string" ? { name: first, fn: fn ?? (() => {}) } : first;
  test(definition.name, { skip: definition.ignore ?? false }, async () => await definition.fn());
}

class Command {
  readonly #program: string;
  readonly #options: { args: string[]; cwd: string | undefined; env: NodeJS.ProcessEnv };

  constructor(program: string, { args = [], env = {}, cwd }: CommandOptions = {}) {
    this.#program = program;
    this.#options = { args, cwd, env: { ...process.env, ...env } };
  }

  outputSync() {
    const { args, ...options } = this.#options;
    const { status, error, stdout, stderr } = spawnSync(this.#program, args, options);
    if (error !== undefined) throw error;
    return { success: status === 0, code: status, stdout, stderr };
  }

  async output() {
    const { args, ...options } = this.#options;
    const child = spawn(this.#program, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    const ended = new Promise<number | null>((resolve, reject) => child.once("error", reject).once("close", resolve));
    const [stdout, stderr, code] = await Promise.all([bytesOf(child.stdout), bytesOf(child.stderr), ended]);
    return { success: code === 0, code, stdout, stderr };
  }
}

async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  return Buffer.concat(await Array.fromAsync(stream));
}

type Handler = (request: Request) => Response | Promise<Response>;

/** By hand, because `@hono/node-server` adds a content type where there is none. */
async function answer(handler: Handler, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const { method = "GET", url, headers } = incoming;
  const controller = new AbortController();
  outgoing.once("close", () => controller.abort());
  const hasBody = method !== "GET" && method !== "HEAD";
  const request = new Request(`http://${headers.host}${url}`, {
    method,
    headers: Object.entries(headers).map(([name, value]) => [name, String(value)]),
    signal: controller.signal,
    ...(hasBody ? { body: Readable.toWeb(incoming), duplex: "half" } : {}),
  } as RequestInit);
  const response = await Promise.resolve().then(() => handler(request)).catch(() =>
    new Response(null, { status: 500 })
  );
  outgoing.writeHead(response.status, [...response.headers].flat());
  outgoing.flushHeaders();
  if (response.body === null) outgoing.end();
  else await pipeline(Readable.fromWeb(response.body as never), outgoing);
}

/** Without a host it listens at once, so that its port is known. */
function serve(options: { signal?: AbortSignal }, handler: Handler) {
  const server = createServer((incoming, outgoing) => void answer(handler, incoming, outgoing).catch(() => {}));
  server.listen(0);
  const finished = new Promise<void>((resolve) => server.once("close", () => resolve()));
  const shutdown = () => {
    server.close();
    server.closeAllConnections();
  };
  options.signal?.addEventListener("abort", shutdown);
  return { addr: server.address(), finished };
}

function listen() {
  const waiting: ((socket: Socket) => void)[] = [];
  const server = createRawServer((socket) => waiting.shift()?.(socket));
  server.listen(0);
  const closed = new Promise<undefined>((resolve) => server.once("close", () => resolve(undefined)));
  return {
    addr: server.address(),
    close: () => server.close(),
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const socket = await Promise.race([new Promise<Socket>((resolve) => waiting.push(resolve)), closed]);
        if (socket === undefined) return;
        yield {
          read: () => new Promise((resolve) => socket.once("data", resolve)),
          write: (bytes: Uint8Array) => new Promise((resolve) => socket.write(bytes, resolve)),
          close: () => socket.end(),
        };
      }
    },
  };
}

const temporary = (prefix = "flow-") => join(tmpdir(), prefix);

Reflect.set(globalThis, "Deno", {
  test: register,
  build: { os: process.platform },
  env: { get: (name: string) => process.env[name] },
  cwd: () => process.cwd(),
  kill: process.kill.bind(process),
  Command,
  serve,
  listen,
  makeTempDir: ({ prefix }: { prefix?: string } = {}) => files.mkdtemp(temporary(prefix)),
  async makeTempFile({ suffix = "" }: { suffix?: string } = {}) {
    const path = `${temporary()}${crypto.randomUUID()}${suffix}`;
    await files.writeFile(path, "");
    return path;
  },
  async remove(path: string, { recursive = false } = {}) {
    const isFolder = !recursive && (await files.lstat(path)).isDirectory();
    await (isFolder ? files.rmdir(path) : files.rm(path, { recursive }));
  },
  mkdir: files.mkdir,
  chmod: files.chmod,
  realPath: files.realpath,
  readFile: files.readFile,
  readTextFile: (path: string) => files.readFile(path, "utf8"),
  readTextFileSync: (path: string) => fs.readFileSync(path, "utf8"),
  async *readDir(path: string) {
    yield* await files.opendir(path);
  },
  readDirSync: (path: string) => fs.readdirSync(path, { withFileTypes: true }),
  writeTextFile: files.writeFile,
  writeTextFileSync: fs.writeFileSync,
});
