import { foldExecution } from "../engine/fold.ts";
import { everyNode } from "../engine/handlers.ts";
import { type ItemSummary, summarizeItems } from "../engine/item_summary.ts";
import { readFinalOutputs } from "../engine/past_execution.ts";
import type { NodeState } from "../engine/state.ts";
import type { ExecutionReader, ExecutionRecord, ExecutionSummary } from "../engine/store.ts";
import type { Json, Values } from "../engine/value.ts";
import { encodeValues, type ValuesForm } from "./values_form.ts";

/** A node as history shows it: one that was cut off does not run any more. */
export type ShownNode = Omit<NodeState, "status" | "failures" | "at" | "process" | "items"> & {
  node_id: string;
  node_type: string;
  name?: string;
  status: NodeState["status"] | "interrupted";
  /** Of a node with `map`. */
  items?: ItemSummary;
};

/** All that is known of an execution, but for its events. */
export interface ShownExecution {
  summary: ExecutionSummary;
  record: ExecutionRecord;
  /** In the order of the document. */
  nodes: ShownNode[];
  /** The declared outputs by name, else those of the nodes that lead nowhere by node id, as far as there are some. */
  outputs: Values;
}

/** Reads where an execution stands from its journal. */
export async function readExecution(
  store: ExecutionReader,
  record: ExecutionRecord,
  summary: ExecutionSummary,
): Promise<ShownExecution> {
  const { execution_id, workflow } = record;
  const state = await foldExecution(store, execution_id);
  const outputs = await readFinalOutputs(store, record, state);
  const isDriven = summary.status === "running";
  // Of handlers, only those nodes that the result has called for.
  const called = everyNode(workflow).slice(workflow.nodes.length).filter(({ id }) => state.nodes.has(id));
  const nodes = [...workflow.nodes, ...called].map(({ id, node_type, name }): ShownNode => {
    const { status, failures: _, at: __, process: ___, items, ...node } = state.nodes.get(id) ?? UNTOUCHED;
    const isCutOff = !isDriven && (status === "running" || status === "retrying");
    const shown = isCutOff ? "interrupted" : status;
    return {
      node_id: id,
      node_type,
      ...(name === undefined ? {} : { name }),
      ...node,
      status: shown,
      ...(items === undefined ? {} : { items: summarizeItems(items) }),
    };
  });
  return { summary, record, nodes, outputs };
}

const UNTOUCHED: NodeState = { status: "waiting", attempt: 0, failures: 0 };

/** An execution as programs read it. */
export interface ExecutionDocument extends ExecutionSummary {
  /** What it was given. */
  inputs: Json;
  /** How each node stands. */
  nodes: ShownNode[];
  /** What it answered, as far as it has ended. */
  outputs: Json;
  /** While it waits until a server lets it run: its place from 1, and why, for people. */
  queued?: { position: number; reason: string };
}

/** An execution for programs. */
export function toExecutionDocument(
  { summary, record, nodes, outputs }: ShownExecution,
  form: ValuesForm = "plain",
): ExecutionDocument {
  return { ...summary, inputs: encodeValues(record.inputs, form), nodes, outputs: encodeValues(outputs, form) };
}
