import { startFlow, withFiles } from "./cli.ts";

/** A `flow serve` with a database of its own, in a process of its own. */
export interface ServeProcess {
  url: string;
  port: number;
  /** The folder that is gone afterwards. */
  path(name: string): string;
  /** Ends it as a crash does, and starts it again on the same port and database. */
  crash(): Promise<void>;
  restart(): Promise<void>;
}

interface Running {
  process: Deno.ChildProcess;
  url: string;
  /** All that it wrote, when it has ended. */
  output: Promise<string>;
}

/** Calls `test` with a server that is gone afterwards. */
export async function withServe(
  options: { files?: Readonly<Record<string, unknown>>; args?: readonly string[]; env?: Record<string, string> },
  test: (server: ServeProcess) => Promise<void>,
): Promise<void> {
  await withFiles(options.files ?? {}, async (path) => {
    const start = (port: number) =>
      startServer(["serve", "--port", String(port), "--db", path("flow.db"), ...options.args ?? []], path(""), {
        XDG_STATE_HOME: path("state"),
        ...options.env,
      });
    let running = await start(0);
    const port = Number(new URL(running.url).port);
    try {
      await test({
        url: running.url,
        port,
        path,
        crash: () => end(running, "SIGKILL"),
        restart: async () => {
          running = await start(port);
        },
      });
    } finally {
      await end(running, "SIGTERM");
    }
  });
}

async function startServer(args: readonly string[], cwd: string, env: Record<string, string>): Promise<Running> {
  const process = startFlow(args, { cwd, env });
  const { promise: url, resolve, reject } = Promise.withResolvers<string>();
  const output = (async () => {
    const [stdout, stderr] = await Promise.all([
      readText(process.stdout, (text) => text.includes("\n") && resolve(text.trim())),
      readText(process.stderr, () => {}),
    ]);
    reject(new Error(`flow serve has ended: ${stderr}`));
    return stdout + stderr;
  })();
  return { process, url: await url, output };
}

async function readText(stream: ReadableStream<Uint8Array>, onText: (text: string) => void): Promise<string> {
  let text = "";
  for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    onText(text);
  }
  return text;
}

async function end({ process, output }: Running, signal: Deno.Signal): Promise<void> {
  try {
    process.kill(signal);
  } catch {
    // It has ended already.
  }
  await process.status;
  await output;
}
