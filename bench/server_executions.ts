import { fileURLToPath } from "node:url";
import type { Bench, BenchMode } from "./figure.ts";
import { type BenchServer, withBenchServer } from "./live_server.ts";
import type { CallerReport } from "./server_callers.ts";

const CALLERS = fileURLToPath(new URL("server_callers.ts", import.meta.url));
const CONCURRENCY = 50;

const WORKFLOW = {
  id: "three-nodes",
  nodes: [
    { id: "parse", node_type: "transform.json_parse", inputs: { json: '{"n": 1}' } },
    { id: "write", node_type: "transform.json_stringify" },
    { id: "log", node_type: "debug.log" },
  ],
  connections: [
    { from_node: "parse", from_port: "parsed", to_node: "write", to_port: "value" },
    { from_node: "write", from_port: "json", to_node: "log", to_port: "message" },
  ],
};

/** Executions of three quick nodes, by callers that wait for each. */
export const serverExecutions: Bench = {
  name: "server",
  summary: `executions of 3 nodes over HTTP, ${CONCURRENCY} at a time`,
  async run({ smoke }: BenchMode) {
    const count = smoke ? 100 : 5000;
    return await withBenchServer(async (server) => {
      await server.client.workflows.create(WORKFLOW);
      const report = await call(server, count);
      if (report.failures > 0) throw new Error(`${report.failures} of ${count} executions failed`);
      const p99 = report.times[Math.floor(count * 0.99)] ?? NaN;
      const note = `${count} executions of 3 nodes, ${CONCURRENCY} at a time, durable, over HTTP`;
      return [
        { name: "executions", unit: "/s", better: "higher", rounds: [count / report.seconds], note },
        { name: "execution, p99", unit: "ms", better: "lower", rounds: [p99], note },
        { name: "server afterwards", unit: "MB", better: "lower", rounds: [server.rss()], note },
      ];
    });
  },
};

async function call({ url }: BenchServer, count: number): Promise<CallerReport> {
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", CALLERS, url, WORKFLOW.id, String(count), String(CONCURRENCY)],
    stderr: "inherit",
  }).output();
  if (!success) throw new Error("The callers failed");
  return JSON.parse(new TextDecoder().decode(stdout));
}
