import { withFiles } from "./cli.ts";
import { startServe } from "./serve_process.ts";

/** A `flow serve` with a database of its own that can crash and come back. */
export interface RestartableServe {
  url: string;
  port: number;
  /** The folder that is gone afterwards. */
  path(name: string): string;
  /** Ends it as a crash does. */
  crash(): Promise<void>;
  /** Starts it again on the same port and database. */
  restart(): Promise<void>;
}

/** Calls `test` with a server that is gone afterwards. */
export async function withRestartableServe(
  options: { files?: Readonly<Record<string, unknown>>; args?: readonly string[]; env?: Record<string, string> },
  test: (server: RestartableServe) => Promise<void>,
): Promise<void> {
  await withFiles(options.files ?? {}, async (path) => {
    const start = (port: number) =>
      startServe(["--port", String(port), "--db", path("flow.db"), ...options.args ?? []], {
        cwd: path(""),
        env: { XDG_STATE_HOME: path("state"), ...options.env },
      });
    let running = await start(0);
    const { url, port } = running;
    try {
      await test({
        url,
        port,
        path,
        crash: () => running.end("SIGKILL"),
        restart: async () => {
          running = await start(port);
        },
      });
    } finally {
      await running.end("SIGTERM");
    }
  });
}
