import { fileURLToPath } from "node:url";
import { connect, type FlowClient } from "../mod.ts";

const MAIN = fileURLToPath(new URL("../cli/main.ts", import.meta.url));

/** A `flow serve` in a process of its own, with a database of its own. */
export interface BenchServer {
  url: string;
  client: FlowClient;
  pid: number;
  /** Resident memory, in MB. */
  rss(): number;
}

/** Calls `work` with a server that is gone afterwards. */
export async function withBenchServer<T>(work: (server: BenchServer) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir({ prefix: "flow-bench-" });
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", MAIN, "serve", "--port", "0", "--db", `${folder}/flow.db`, "--max-connections", "4000"],
    stdout: "piped",
    stderr: "null",
    env: { NO_COLOR: "1" },
  }).spawn();
  const lines = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  try {
    const url = ((await lines.read()).value ?? "").trim();
    return await work({ url, client: connect(url), pid: process.pid, rss: () => rssOf(process.pid) });
  } finally {
    process.kill("SIGTERM");
    await process.status;
    await lines.cancel();
    await Deno.remove(folder, { recursive: true });
  }
}

function rssOf(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1000;
}
