import assert from "node:assert/strict";
import { createEvents, createWorkflow } from "../../tests/support/events.ts";
import { createFakeOutput } from "../../tests/support/fake_output.ts";
import { createStyle } from "../style.ts";
import { createJsonLinesRenderer } from "./json_lines.ts";
import { PlainLines } from "./plain_lines.ts";

const error = { code: "exit_code", message: "Exited with code 3\nand more" } as const;

Deno.test("PlainLines tells an execution line by line", async () => {
  const { output, text } = createFakeOutput();
  const workflow = createWorkflow([{ id: "a", node_type: "t", name: "Get", config: {} }, "b", "c", "d"]);
  const lines = new PlainLines(output, createStyle(false), workflow);
  const events = createEvents(
    { type: "WorkflowStarted", workflow_id: "w", total_nodes: 4 },
    { type: "NodeStarted", node_id: "a", node_type: "t", attempt: 2 },
    { type: "NodeEvent", node_id: "a", event: { event_type: "StderrLine", line: "\x1b[31mhot\x1b[0m" } },
    { type: "NodeEvent", node_id: "a", event: { event_type: "Warning", message: "one\ntwo" } },
    { type: "NodeEvent", node_id: "a", event: { event_type: "Progress", percent: 49.6, message: "half" } },
    { type: "NodeEvent", node_id: "a", event: { event_type: "Data", port: "p", value: Uint8Array.of(104, 105) } },
    { type: "NodeRetrying", node_id: "a", attempt: 2, delay_ms: 1500, error },
    { type: "NodeCompleted", node_id: "a", outputs: {}, duration_ms: 12 },
    { type: "NodeCompleted", node_id: "b", outputs: {}, duration_ms: 0, cached: true },
    { type: "NodeFailed", node_id: "c", duration_ms: 2000, error },
    { type: "NodeSkipped", node_id: "d", because: { reason: "node_failed", node_id: "a" } },
    { type: "WorkflowCancelling", because: "request", reason: "Enough" },
    { type: "WorkflowCompleted", success: false, status: "cancelled", duration_ms: 61_000 },
  );
  for (const event of events) lines.onEvent(event);
  await output.flush();
  assert.deepEqual(text().trimEnd().split("\n").map((line) => line.replace(/^\d\d:\d\d:\d\d\.\d{3} /, "T ")), [
    "T Demo  started: execution e-1, 4 nodes",
    "T Get  started (attempt 2)",
    "Get | hot",
    "Get | warning: one",
    "Get | two",
    "Get | 50% half",
    'Get | p: {"$bytes":"aGk="}',
    "T Get  retrying in 1.5s: attempt 2 failed: Exited with code 3 and more",
    "T Get  succeeded in 12ms",
    "T b  succeeded from the cache",
    "T c  failed after 2.0s: Exited with code 3 and more",
    "T d  skipped: Get failed",
    "T Demo  cancelling: Enough",
    "T Demo  cancelled in 1m 01s",
  ]);
});

Deno.test("createJsonLinesRenderer() writes each event as it goes over the wire, bytes included", async () => {
  const { output, text } = createFakeOutput();
  const renderer = createJsonLinesRenderer(output, output);
  const events = createEvents(
    { type: "NodeCompleted", node_id: "a", outputs: { body: Uint8Array.of(104, 105), n: 1 }, duration_ms: 1 },
    { type: "NodeEvent", node_id: "a", event: { event_type: "Data", port: "p", value: [Uint8Array.of(104, 105)] } },
  );
  for (const event of events) renderer.onEvent(event);
  await output.flush();
  const [completed, data] = text().trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(completed, { ...events[0], outputs: { body: { $bytes: "aGk=" }, n: 1 } });
  assert.deepEqual(data.event.value, [{ $bytes: "aGk=" }]);
});
