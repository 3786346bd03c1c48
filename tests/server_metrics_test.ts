import assert from "node:assert/strict";
import { shellWorkflow } from "./support/cli.ts";
import { withServe } from "./support/serve_process.ts";
import { withFolder } from "./support/temp_folder.ts";

const TOKEN = "a-token-of-the-admin-for-this-test";
const headers = { Authorization: `Bearer ${TOKEN}`, "Content-Type": "application/json" };

/** The samples by name with labels. Fails at what is not the text format. */
function parse(text: string): Map<string, number> {
  const samples = new Map<string, number>();
  const types = new Set<string>();
  for (const line of text.trimEnd().split("\n")) {
    const type = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line)?.[1];
    if (type !== undefined) types.add(type);
    if (line.startsWith("#")) {
      assert.match(line, /^# (TYPE|HELP) [a-z_]+ \S/);
      continue;
    }
    const [, name = "", labels = "", value] = /^([a-z_]+)(\{(?:[a-z_]+="(?:[^"\\]|\\.)*",?)+\})? (\S+)$/.exec(line) ??
      assert.fail(line);
    assert.ok(types.has(name.replace(/_(bucket|sum|count)$/, "")) || types.has(name), `${name} has a type`);
    assert.ok(!samples.has(name + labels), `${name + labels} comes once`);
    samples.set(name + labels, Number(value));
  }
  return samples;
}

Deno.test("/metrics counts executions, nodes and requests, and never shows an id", async () => {
  await withFolder((folder) =>
    withServe({ folder, env: { FLOW_TOKEN: TOKEN } }, async ({ url }) => {
      const run = async (workflow: object) => {
        const response = await fetch(`${url}/api/executions?wait=true`, {
          method: "POST",
          headers,
          body: JSON.stringify({ workflow }),
        });
        return (await response.json()).execution_id;
      };
      const ids = [
        await run(shellWorkflow({ a: "true", b: "true" }, ["a > b"])),
        await run(shellWorkflow({ a: "false", b: "true" }, ["a > b"])),
      ];
      for (const id of ids) await (await fetch(`${url}/api/executions/${id}`, { headers })).text();
      await (await fetch(`${url}/api/executions/${ids[0]}`)).text();
      for (const path of ["/nowhere/1", "/nowhere/2", "/api/nothing"]) await (await fetch(url + path)).text();
      await using follower = await follow(`${url}/api/events`);
      const response = await fetch(`${url}/metrics`, { headers });
      assert.match(response.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
      const text = await response.text();
      const samples = parse(text);
      const expected = {
        "flow_executions_started_total": 2,
        'flow_executions_ended_total{status="succeeded"}': 1,
        'flow_executions_ended_total{status="failed"}': 1,
        'flow_execution_duration_seconds_count{status="succeeded"}': 1,
        'flow_execution_duration_seconds_bucket{status="failed",le="+Inf"}': 1,
        "flow_executions_running": 0,
        "flow_executions_queued": 0,
        'flow_node_attempts_started_total{node_type="shell.exec"}': 3,
        'flow_nodes_ended_total{node_type="shell.exec",status="succeeded"}': 2,
        'flow_nodes_ended_total{node_type="shell.exec",status="failed"}': 1,
        'flow_nodes_ended_total{node_type="shell.exec",status="skipped"}': 1,
        'flow_node_duration_seconds_count{node_type="shell.exec"}': 3,
        'flow_http_requests_total{method="POST",route="/api/executions",status="200"}': 2,
        'flow_http_requests_total{method="GET",route="/api/executions/{id}",status="200"}': 2,
        'flow_http_requests_total{method="GET",route="/api/executions/{id}",status="401"}': 1,
        'flow_http_requests_total{method="GET",route="none",status="404"}': 2,
        'flow_http_requests_total{method="GET",route="none",status="401"}': 1,
        "flow_event_clients": 1,
      };
      assert.deepEqual(Object.fromEntries(Object.keys(expected).map((key) => [key, samples.get(key)])), expected);
      assert.ok((samples.get("process_resident_memory_bytes") ?? 0) > 1e6);
      assert.ok((samples.get("flow_event_lag_seconds_count") ?? 0) > 0);
      for (const id of ids) assert.ok(!text.includes(id));
      assert.ok(!text.includes("nowhere"));
      void follower;
      const refused = await fetch(`${url}/metrics`);
      await refused.text();
      assert.equal(refused.status, 401);
    })
  );
});

async function follow(url: string): Promise<AsyncDisposable> {
  const response = await fetch(url, { headers });
  return { [Symbol.asyncDispose]: async () => await response.body?.cancel() };
}
