import { FlowError } from "../engine/errors.ts";
import type { OpenValue } from "../engine/node_type.ts";
import { showValue } from "../engine/plain.ts";
import { Expression, OutputPort, type WorkflowIdentity } from "../engine/typed_expression.ts";
import type { RetryPolicy, RunIf } from "../engine/workflow.ts";
import { checkIsOf, toDocumentValue } from "./document_value.ts";
import { NodeReference } from "./node_handle.ts";

/** A node by its id, or by its handle. */
export type NodeName = string | { readonly node_id: string };

/** How a node is repeated after a failure: how often, or a retry policy of which parts may be left out. */
export type Retry = number | Partial<RetryPolicy>;

/** Runs a node once for each item; see `map` in {@link NodeOptions}. */
export interface MapOptions {
  /** What to go over; `item` and `index` stand for the item at hand in config and inputs. */
  readonly items: string | Expression<readonly unknown[]> | readonly OpenValue[];
  /** How many items may run at the same time; default: as `max_parallel_nodes` allows. */
  readonly max_parallel?: number;
  /** Default `stop`; `continue` answers null in the place of an item that has failed. */
  readonly on_error?: "stop" | "continue";
}

/** Runs a node again after a success; see `repeat` in {@link NodeOptions}. */
export interface RepeatOptions {
  /** A condition; `outputs` is what the node has just answered. */
  readonly until: string | Expression;
  /** Wait between two runs. Default 1000. */
  readonly delay_ms?: number;
  /** After so many runs the node has failed. Default 100. */
  readonly max?: number;
}

/**
 * How a node of a workflow runs. Names are those of documents, but for `retry` and `timeout`.
 *
 * ```ts
 * import { type NodeOptions, shellExec, workflow } from "flowengine";
 *
 * const patient: NodeOptions = { retry: 3, timeout: 30, cache: { ttl_seconds: 60 } };
 * workflow("etl").add("load", shellExec({ command: "./load.sh" }), {}, patient);
 * ```
 */
export interface NodeOptions {
  /** Label. */
  readonly name?: string;
  /** Nodes that must have finished before, besides those whose outputs are used. */
  readonly depends_on?: readonly NodeName[];
  /** What must have become of the nodes before it. Default `success`. */
  readonly run_if?: RunIf;
  /** A condition: unless it holds, the node is skipped. */
  readonly when?: string | boolean | Expression;
  /** Whether the rest goes on as if nothing had happened when this node fails. Default false. */
  readonly continue_on_error?: boolean;
  /** How often a failed attempt is made again (3: four attempts in all), or a retry policy. Default: never. */
  readonly retry?: Retry;
  /** Seconds that one attempt may take. Default: any number. */
  readonly timeout?: number;
  /** Use results again for the same config and inputs. */
  readonly cache?: { readonly ttl_seconds: number };
  /** What to do with an attempt that a crash of the engine cut off. Default `retry`. */
  readonly on_interrupt?: "retry" | "fail";
  /** Runs the node once for each item of a list; every output becomes the list of what the items answered. */
  readonly map?: MapOptions;
  /** Runs the node again after a success, until a condition holds. */
  readonly repeat?: RepeatOptions;
  /** Place in a visual editor. */
  readonly position?: { readonly x: number; readonly y: number };
}

/** The fields of a node in a document. @throws {FlowError} `invalid_argument` */
export function encodeOptions(
  { retry, timeout, depends_on, ...others }: NodeOptions,
  workflow: WorkflowIdentity,
): Record<string, unknown> {
  return {
    ...toDocumentValue(others, "options", workflow) as Record<string, unknown>,
    ...(depends_on === undefined ? {} : { depends_on: depends_on.map((node) => nameOf(node, workflow)) }),
    ...(retry === undefined || retry === 0 ? {} : { retry_policy: encodeRetry(retry) }),
    ...(timeout === undefined ? {} : { timeout_ms: toMilliseconds(timeout) }),
  };
}

function nameOf(node: NodeName, workflow: WorkflowIdentity): string {
  if (typeof node === "string") return node;
  checkIsOf(workflow, workflowOf(node), `node ${showValue(node.node_id)}`, "options.depends_on");
  return node.node_id;
}

function workflowOf(node: object): WorkflowIdentity | undefined {
  if (node instanceof NodeReference) return NodeReference.workflowOf(node);
  return node instanceof OutputPort ? OutputPort.workflowOf(node) : undefined;
}

function encodeRetry(retry: Retry): Partial<RetryPolicy> {
  if (typeof retry === "object") return { ...retry };
  if (Number.isInteger(retry) && retry > 0) return { max_attempts: retry + 1 };
  throw new FlowError("invalid_argument", `Cannot use ${showValue(retry)} as retry: it is no number of retries`, {
    hint: "Give a whole number, such as 3, or a retry policy.",
  });
}

function toMilliseconds(timeout: number): number {
  if (Number.isFinite(timeout) && timeout > 0) return Math.ceil(timeout * 1000);
  throw new FlowError("invalid_argument", `Cannot use ${showValue(timeout)} as timeout: it is no number of seconds`, {
    hint: "Give seconds, such as 30, or leave it out for no limit.",
  });
}
