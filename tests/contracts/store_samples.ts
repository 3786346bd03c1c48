import assert from "node:assert/strict";
import { FlowError } from "../../engine/errors.ts";
import type { EventBody, ExecutionEvent, NodeEventBody } from "../../engine/events.ts";
import type { ExecutionRecord, Store } from "../../engine/store.ts";
import type { Workflow } from "../../engine/workflow.ts";

/** When everything in these samples happens. */
export const NOON = Date.parse("2026-01-01T12:00:00.000Z");

/** A workflow without nodes. */
export function sampleWorkflow(id = "sample", name = "Sample"): Workflow {
  const settings = { max_parallel_nodes: 10, on_error: "StopWorkflow" as const, max_execution_time_ms: null };
  return { id, name, nodes: [], connections: [], triggers: [], settings };
}

/** The record of an execution of {@link sampleWorkflow}. */
export function sampleRecord(executionId: string, changes: Partial<ExecutionRecord> = {}): ExecutionRecord {
  return {
    execution_id: executionId,
    workflow: sampleWorkflow(),
    inputs: {},
    verbose: false,
    created_at: new Date(NOON).toISOString(),
    ...changes,
  };
}

/** Gives bodies their headers: seqs from `after + 1`, one second apart. */
export function asEvents(executionId: string, after: number, bodies: readonly EventBody[]): ExecutionEvent[] {
  return bodies.map((body, i) => {
    const seq = after + 1 + i;
    return { ...body, execution_id: executionId, seq, timestamp: new Date(NOON + seq * 1000).toISOString() };
  });
}

export function started(workflowId = "sample"): EventBody {
  return { type: "WorkflowStarted", workflow_id: workflowId, total_nodes: 1 };
}

export function ended(status: "succeeded" | "failed" | "cancelled" = "succeeded"): EventBody {
  const event = { type: "WorkflowCompleted" as const, success: status === "succeeded", status, duration_ms: 1500 };
  return status === "failed" ? { ...event, error: { code: "node_failed", message: 'Node "a" failed' } } : event;
}

export function nodeStarted(nodeId: string): EventBody {
  return { type: "NodeStarted", node_id: nodeId, node_type: "test.noop", attempt: 1 };
}

export function nodeCompleted(
  nodeId: string,
  outputs: Extract<EventBody, { type: "NodeCompleted" }>["outputs"] = {},
): EventBody {
  return { type: "NodeCompleted", node_id: nodeId, outputs, duration_ms: 1 };
}

/** About one item of a node of a handler: as much as an event of a node can say about itself. */
export function itemSays(nodeId: string, index: number, line: string): EventBody {
  return { type: "NodeEvent", node_id: nodeId, index, handler: "on_exit", event: { event_type: "StdoutLine", line } };
}

export function nodeSays(nodeId: string, line: string | NodeEventBody): EventBody {
  const event = typeof line === "string" ? { event_type: "StdoutLine" as const, line } : line;
  return { type: "NodeEvent", node_id: nodeId, event };
}

/** A test of any store; it gets a fresh one and need not close it. */
export type StoreTest = (store: Store) => Promise<void>;

/** Asserts that `work` throws or rejects with a FlowError of that code. */
export async function refuses(code: string, work: () => unknown): Promise<FlowError> {
  let refusal: unknown;
  await assert.rejects(async () => await work(), (error) => {
    refusal = error;
    return true;
  });
  assert.ok(refusal instanceof FlowError, `not a FlowError: ${refusal}`);
  assert.equal(refusal.code, code, refusal.message);
  return refusal;
}

/** Creates execution `id` and appends `batches`; answers all events. */
export async function record(store: Store, id: string, ...batches: EventBody[][]): Promise<ExecutionEvent[]> {
  await store.createExecution(sampleRecord(id));
  const all: ExecutionEvent[] = [];
  for (const batch of batches) {
    const events = asEvents(id, all.length, batch);
    await store.append(id, all.length, events);
    all.push(...events);
  }
  return all;
}
