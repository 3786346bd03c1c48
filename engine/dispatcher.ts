import type { FlowError } from "./errors.ts";
import type { NodeEventBody } from "./events.ts";
import type { CallRequest, ProcessIdentity, ResourceScope } from "./node.ts";
import type { PreparedNode } from "./prepare.ts";
import type { Values } from "./value.ts";
import type { ExecutionResult } from "./verdict.ts";

/** One try of one node, to be carried out. */
export interface AttemptRequest {
  /** Of the execution that the attempt belongs to. */
  readonly execution_id: string;
  /** What to run. */
  readonly node: PreparedNode;
  /** Of a node with `map`: the item that this is about, from 0. */
  readonly index: number | undefined;
  /** From 1. */
  readonly attempt: number;
  /** As connected; not yet checked against the node's ports. */
  readonly inputs: Values;
  /** Whether the caller wants to see every line. */
  readonly verbose: boolean;
  /** What the node remembers between its attempts; made on first use. */
  readonly memory: () => Map<string, unknown>;
  /** Aborts when the execution gives up on the attempt; the reason is a FlowError. */
  readonly signal: AbortSignal;
  /** Absolute path of the workflow's document, if it came from a file. */
  readonly source: string | undefined;
  /** Takes what the node tells. */
  emit(event: NodeEventBody): void;
  /** Takes the identity of a process that works for the attempt. */
  processStarted(process: ProcessIdentity): void;
  /** Takes what the node has opened elsewhere, and how long it stays. */
  resourceOpened(resource: Values, until: ResourceScope): void;
  /** Runs a workflow to its end. `place`: which call of this attempt it is, from 0. */
  call(request: CallRequest, place: number, signal: AbortSignal): Promise<ExecutionResult<Values>>;
}

/** How an attempt ended. */
export type AttemptOutcome = { readonly outputs: Values } | { readonly error: FlowError };

/** Who carries out attempts: this process here, elsewhere a queue and its workers. */
export interface Dispatcher {
  /** Settles when nothing of the attempt is running any more; never rejects. */
  dispatch(request: AttemptRequest): Promise<AttemptOutcome>;
}
