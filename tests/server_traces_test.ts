import assert from "node:assert/strict";
import { withServe } from "./support/serve_process.ts";
import { withFolder } from "./support/temp_folder.ts";

interface SpanData {
  traceId: string;
  spanId: string;
  parentSpanId: string;
  name: string;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: { key: string; value: Record<string, unknown> }[];
  status: { code: number; message: string };
}

/** Takes what an OpenTelemetry exporter sends as JSON. */
class Collector {
  readonly spans: SpanData[] = [];
  readonly #server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const body = await request.json();
    for (const { scopeSpans } of body.resourceSpans ?? []) {
      for (const { scope, spans } of scopeSpans) if (scope.name === "flow") this.spans.push(...spans);
    }
    return Response.json({});
  });

  get env(): Record<string, string> {
    return {
      OTEL_DENO: "true",
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${this.#server.addr.port}`,
      OTEL_DENO_CONSOLE: "ignore",
    };
  }

  /** A span and all beneath it, a line each: what failed, which attempt, which item. */
  tree(parentSpanId: string, indent = ""): string[] {
    const children = this.spans.filter((span) => span.parentSpanId === parentSpanId);
    children.sort((a, b) => Number(BigInt(a.startTimeUnixNano) - BigInt(b.startTimeUnixNano)) || order(a) - order(b));
    return children.flatMap((span) => {
      const error = span.status.code === 2 ? ` ERROR ${attribute(span, "error.type")}` : "";
      const attempt = attribute(span, "flow.attempt");
      const index = attribute(span, "flow.index");
      const details = (attempt === undefined ? "" : ` #${attempt}`) + (index === undefined ? "" : ` [${index}]`);
      return [`${indent}${span.name}${details}${error}`, ...this.tree(span.spanId, `${indent}  `)];
    });
  }

  async close(): Promise<void> {
    await this.#server.shutdown();
  }
}

function order(span: SpanData): number {
  return Number(attribute(span, "flow.index") ?? 0);
}

function attribute({ attributes }: SpanData, key: string): string | undefined {
  const value = attributes.find((it) => it.key === key)?.value;
  return value === undefined ? undefined : String(Object.values(value)[0]);
}

async function withCollector(test: (collector: Collector, folder: string) => Promise<void>): Promise<void> {
  const collector = new Collector();
  try {
    await withFolder((folder) => test(collector, folder));
  } finally {
    await collector.close();
  }
}

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const CALLER = "b7ad6b7169203331";

async function run(url: string, workflow: object, query = "?wait=true"): Promise<string> {
  const response = await fetch(`${url}/api/executions${query}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", traceparent: `00-${TRACE}-${CALLER}-01` },
    body: JSON.stringify({ workflow }),
  });
  return (await response.json()).execution_id;
}

Deno.test("traces show executions, nodes, attempts, items and calls beneath the request that started them", async () => {
  await withCollector(async (collector, folder) => {
    let id = "";
    await withServe({ folder, env: collector.env }, async (server) => {
      const flaky = { command: `test -e ${folder}/once || { touch ${folder}/once; exit 3; }`, shell: true };
      const inner = { name: "Inner", nodes: [{ id: "leaf", node_type: "debug.log", inputs: { message: "hi" } }] };
      id = await run(server.url, {
        id: "outer",
        name: "Outer",
        nodes: [
          { id: "flaky", node_type: "shell.exec", config: flaky, retry_policy: { max_attempts: 2, delay_ms: 1 } },
          {
            id: "each",
            node_type: "debug.log",
            map: { items: [1, 2] },
            inputs: { message: "${{ item }}" },
            depends_on: ["flaky"],
          },
          { id: "call", node_type: "flow.call", config: { workflow: inner }, depends_on: ["each"] },
          { id: "bad", node_type: "shell.exec", config: { command: "false" }, depends_on: ["call"] },
        ],
      });
      server.kill("SIGTERM");
      assert.equal((await server.ended).code, 0, server.said());
    });
    assert.deepEqual(collector.tree(CALLER), [
      "execution Outer ERROR node_failed",
      "  node flaky",
      "    shell.exec #1 ERROR exit_code",
      "    shell.exec #2",
      "  node each",
      "    debug.log #1 [0]",
      "    debug.log #1 [1]",
      "  node call",
      "    flow.call #1",
      "      execution Inner",
      "        node leaf",
      "          debug.log #1",
      "  node bad ERROR exit_code",
      "    shell.exec #1 ERROR exit_code",
    ]);
    for (const span of collector.spans) {
      assert.equal(span.traceId, TRACE);
      assert.ok(BigInt(span.endTimeUnixNano) >= BigInt(span.startTimeUnixNano), span.name);
    }
    const root = collector.spans.find((span) => span.parentSpanId === CALLER);
    assert.ok(root);
    assert.deepEqual(
      ["execution_id", "workflow_id", "workflow_name", "status"].map((it) => attribute(root, `flow.${it}`)),
      [
        id,
        "outer",
        "Outer",
        "failed",
      ],
    );
    const attempt = collector.spans.find((span) => attribute(span, "flow.attempt") === "2");
    assert.ok(attempt);
    assert.deepEqual(["execution_id", "node_id", "node_type"].map((it) => attribute(attempt, `flow.${it}`)), [
      id,
      "flaky",
      "shell.exec",
    ]);
  });
});

Deno.test("what the end of the server cuts off says so, and what goes on later is a span of its own", async () => {
  await withCollector(async (collector, folder) => {
    const wait = { command: `touch ${folder}/began; until test -e ${folder}/go; do sleep 0.05; done`, shell: true };
    const flags = ["--grace", "100ms"];
    let id = "";
    await withServe({ folder, flags, env: collector.env }, async (server) => {
      id = await run(server.url, { name: "Long", nodes: [{ id: "wait", node_type: "shell.exec", config: wait }] }, "");
      while (!await Deno.stat(`${folder}/began`).then(() => true, () => false)) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      server.kill("SIGTERM");
      assert.equal((await server.ended).code, 0, server.said());
    });
    assert.deepEqual(collector.tree(CALLER), ["execution Long", "  node wait", "    shell.exec #1"]);
    assert.ok(collector.spans.every((span) => attribute(span, "flow.interrupted") === "true"));
    collector.spans.length = 0;
    await Deno.writeTextFile(`${folder}/go`, "");
    await withServe({ folder, flags, env: collector.env }, async (server) => {
      for (let status = ""; status !== "succeeded";) {
        status = (await (await fetch(`${server.url}/api/executions/${id}`)).json()).status;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      server.kill("SIGTERM");
      assert.equal((await server.ended).code, 0, server.said());
    });
    assert.deepEqual(collector.tree(""), ["execution Long", "  node wait", "    shell.exec #2"]);
    assert.deepEqual(collector.spans.map((span) => attribute(span, "flow.resumed")).filter(Boolean), ["true"]);
  });
});
