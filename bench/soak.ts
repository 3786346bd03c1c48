import { connect } from "../mod.ts";
import { type BenchServer, withBenchServer } from "./live_server.ts";

/** How much goes on at the same time. */
const FOLLOWED = 10;
const REPORT_EVERY_MS = 10_000;

const WORKFLOW = {
  nodes: [
    {
      id: "say",
      node_type: "shell.exec",
      config: { command: "for i in 1 2 3 4 5 6 7 8 9 10; do echo line $i; done", shell: true, stream_output: true },
    },
    { id: "log", node_type: "debug.log" },
  ],
  connections: [{ from_node: "say", from_port: "stdout", to_node: "log", to_port: "message" }],
};

interface Tally {
  executions: number;
  events: number;
  broken: number;
}

/**
 * Lets clients start executions and follow them to their end for so long, and prints every 10 seconds what the server
 * costs: what grows without end shows.
 */
export async function soak(minutes: number): Promise<void> {
  await withBenchServer(async (server) => {
    const until = performance.now() + minutes * 60_000;
    const tally: Tally = { executions: 0, events: 0, broken: 0 };
    const report = setInterval(() => print(server, tally), REPORT_EVERY_MS);
    await Promise.all(Array.from({ length: FOLLOWED }, () => keepRunning(server.url, tally, until)));
    clearInterval(report);
    print(server, tally);
  });
}

function print(server: BenchServer, { executions, events, broken }: Tally): void {
  console.log(JSON.stringify({ executions, events, broken, rss_mb: Math.round(server.rss()) }));
}

async function keepRunning(url: string, tally: Tally, until: number): Promise<void> {
  const client = connect(url);
  while (performance.now() < until) {
    const execution = await client.start(WORKFLOW);
    let seq = 0;
    for await (const event of execution.events()) {
      if (event.seq !== ++seq) tally.broken++;
      tally.events++;
    }
    if ((await execution.result).status !== "succeeded") tally.broken++;
    tally.executions++;
  }
}
