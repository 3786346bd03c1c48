import assert from "node:assert/strict";
import { startFlow } from "./cli.ts";

/** `flow serve` in a process of its own. */
export interface ServeProcess {
  /** `http://127.0.0.1:<port>` */
  url: string;
  port: number;
  pid: number;
  /** Everything said on stderr so far. */
  said(): string;
  kill(signal: Deno.Signal): void;
  /** How the process ended. */
  ended: Promise<Deno.CommandStatus>;
}

/** How to start it. */
export interface ServeOptions {
  /** Holds the database. */
  folder: string;
  /** Default: `folder`. */
  workdir?: string;
  flags?: readonly string[];
  env?: Record<string, string>;
}

/** Starts `flow serve` on a free port and calls `test` once it listens; the process is gone afterwards. */
export async function withServe(options: ServeOptions, test: (server: ServeProcess) => Promise<void>): Promise<void> {
  const { folder, workdir = folder, flags = [], env = {} } = options;
  const server = await startServe(["--port", "0", "--db", `${folder}/flow.db`, "--workdir", workdir, ...flags], {
    cwd: Deno.cwd(),
    env: { XDG_STATE_HOME: folder, FLOW_TOKEN: "", FLOW_TOKEN_FILE: "", BIND_ADDRESS: "", ...env },
  });
  try {
    await test(server);
  } finally {
    await server.end("SIGKILL");
  }
}

/** A server that somebody has to end. */
export interface RunningServe extends ServeProcess {
  /** Ends it, unless it has ended, and waits for all that it says. */
  end(signal: Deno.Signal): Promise<void>;
}

/** Starts `flow serve`; answers when it listens. */
export async function startServe(
  args: readonly string[],
  options: { cwd: string; env: Record<string, string> },
): Promise<RunningServe> {
  const process = startFlow(["serve", ...args], options);
  const listening = Promise.withResolvers<string>();
  let said = "";
  const reading = [
    collect(process.stdout, (text) => /^\S+(?=\n)/.test(text) && listening.resolve(text.trim())),
    collect(process.stderr, (text) => said = text),
  ];
  const ended = process.status.then((status) => {
    listening.reject(new Error(`flow serve has ended with ${status.code}: ${said}`));
    return status;
  });
  const end = async (signal: Deno.Signal) => {
    if (await isPending(ended)) process.kill(signal);
    await ended;
    await Promise.all(reading);
  };
  const url = await listening.promise.catch(async (error) => {
    await end("SIGKILL");
    throw error;
  });
  return {
    url,
    port: Number(new URL(url).port),
    pid: process.pid,
    said: () => said,
    kill: (signal) => process.kill(signal),
    ended,
    end,
  };
}

async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const nothing = {};
  return await Promise.race([promise, Promise.resolve(nothing)]) === nothing;
}

async function collect(stream: ReadableStream<Uint8Array>, onText: (text: string) => void): Promise<void> {
  let text = "";
  for await (const chunk of stream.pipeThrough(new TextDecoderStream())) onText(text += chunk);
}

/** What curl was answered. */
export interface CurlAnswer {
  status: number;
  headers: Headers;
  text: string;
  // deno-lint-ignore no-explicit-any
  json: any;
}

/** Sends a request with curl, a client that knows nothing of this project. */
export async function curl(url: string, ...args: string[]): Promise<CurlAnswer> {
  const { code, stdout, stderr } = await new Deno.Command("curl", {
    args: ["--silent", "--show-error", "--include", "--max-time", "60", "--path-as-is", url, ...args],
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  const all = new TextDecoder().decode(stdout);
  const parts = all.split("\r\n\r\n");
  // "100 Continue" comes before the answer itself.
  while (/^HTTP\/[\d.]+ 1\d\d/.test(parts[0] ?? "")) parts.shift();
  const [head = "", ...rest] = parts;
  const [statusLine = "", ...lines] = head.split("\r\n");
  const headers = new Headers(
    lines.map((line): [string, string] => [line.replace(/:.*/, ""), line.replace(/^[^:]*: */, "")]),
  );
  const text = rest.join("\r\n\r\n");
  return {
    status: Number(statusLine.split(" ")[1]),
    headers,
    text,
    get json() {
      return JSON.parse(text);
    },
  };
}

/** The arguments of curl that send a document. */
export function withJson(value: unknown): string[] {
  return ["--header", "Content-Type: application/json", "--data-binary", JSON.stringify(value)];
}
