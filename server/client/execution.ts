import { fromWire, type Json, type Values } from "../../engine/value.ts";
import type { ExecutionSummary } from "../../engine/store.ts";
import type { ExecutionResult } from "../../engine/verdict.ts";
import type { ExecutionDocument } from "../execution_document.ts";

/** An execution as the server knows it: where it stands, its nodes, inputs and outputs. */
export interface RemoteExecution extends ExecutionSummary {
  /** What it was given. */
  inputs: Values;
  /** In the order of the document. */
  nodes: ExecutionDocument["nodes"];
  /** The declared outputs by name, else those of the last nodes by node id, as far as there are some. */
  outputs: Values;
  /** The document that it runs, if it was asked for. */
  workflow?: Json;
}

/** An execution as it comes over the wire. */
export type ExecutionAnswer = ExecutionDocument & { workflow?: Json };

export function readExecution({ inputs, outputs, ...rest }: ExecutionAnswer): RemoteExecution {
  return { ...rest, inputs: fromWire(inputs) as Values, outputs: fromWire(outputs) as Values };
}

/** How an execution ended; undefined if it has not. */
export function readResult(execution: RemoteExecution): ExecutionResult<Values> | undefined {
  const { execution_id, status, duration_ms = 0, nodes, outputs, error } = execution;
  if (status === "running" || status === "interrupted") return undefined;
  return {
    execution_id,
    status,
    duration_ms,
    completed_nodes: nodes.filter((node) => node.status === "succeeded").length,
    total_nodes: nodes.length,
    outputs,
    ...(error === undefined ? {} : { error }),
  };
}
