import { fileURLToPath } from "node:url";
import type { Bench, BenchMode, Figure } from "./figure.ts";
import type { ClientReport } from "./live_clients.ts";
import { type BenchServer, withBenchServer } from "./live_server.ts";

const EMITTER = fileURLToPath(new URL("live_emitter.ts", import.meta.url));
const CLIENTS = fileURLToPath(new URL("live_clients.ts", import.meta.url));

interface Load {
  clients: number;
  lines: number;
  /** Lines per second; 0: as fast as they can be printed. */
  rate: number;
  /** Of how many messages one age is measured. */
  sample: number;
}

/** An execution whose only node prints lines, followed by many WebSockets; clients, server and node are processes. */
export const live: Bench = {
  name: "live",
  summary: "lines of one execution to 1,000 WebSockets, and to one",
  async run({ smoke }: BenchMode): Promise<Figure[]> {
    return await withBenchServer(async (server) => {
      await new Promise((resolve) => setTimeout(resolve, 500));
      const idle = server.rss();
      const few = await measure(server, { clients: 10, lines: smoke ? 100 : 2000, rate: 500, sample: 1 });
      const flood = smoke
        ? { clients: 20, lines: 200, rate: 0, sample: 10 }
        : { clients: 1000, lines: 10_000, rate: 0, sample: 1000 };
      const many = await measure(server, flood);
      const note = `${flood.clients} clients, ${flood.lines} lines`;
      return [
        figure("idle server", "MB", "lower", idle, 70),
        figure("line to client, p50", "ms", "lower", percentile(few, 50), 2, "10 clients, 500 lines/s"),
        figure("line to client, p99", "ms", "lower", percentile(few, 99), 20, "10 clients, 500 lines/s"),
        figure("messages", "/s", "higher", many.messages / many.seconds, 30_000, note),
        figure("clients that lost anything", "", "lower", few.broken + many.broken, 0, note),
        figure("server under load", "MB", "lower", server.rss(), undefined, note),
      ];
    });
  },
};

function figure(
  name: string,
  unit: string,
  better: Figure["better"],
  value: number,
  limit?: number,
  note?: string,
): Figure {
  return {
    name,
    unit,
    better,
    rounds: [value],
    ...(limit === undefined ? {} : { budget: { of: "value", limit } }),
    ...(note === undefined ? {} : { note }),
  };
}

export async function measure({ url, client }: BenchServer, load: Load): Promise<ClientReport> {
  const gate = await Deno.makeTempFile();
  const args = ["run", EMITTER, String(load.lines), String(load.rate)];
  const command = `while [ -e ${gate} ]; do sleep 0.05; done; exec ${Deno.execPath()} ${args.join(" ")}`;
  const config = { command, shell: true, stream_output: true, capture_stdout: false, timeout: 3600 };
  const execution = await client.start({ nodes: [{ id: "lines", node_type: "shell.exec", config }] });
  const socketUrl = `${url.replace("http", "ws")}/api/events?execution_id=${execution.execution_id}&after=0`;
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", CLIENTS, socketUrl, String(load.clients), String(load.sample)],
    stdout: "piped",
  }).spawn();
  let text = "";
  for await (const chunk of process.stdout.pipeThrough(new TextDecoderStream())) {
    if (text === "") await Deno.remove(gate);
    text += chunk;
  }
  await process.status;
  return JSON.parse(text.split("\n").at(1) ?? "");
}

function percentile({ ages }: ClientReport, percent: number): number {
  return ages[Math.min(ages.length - 1, Math.floor(ages.length * percent / 100))] ?? NaN;
}
