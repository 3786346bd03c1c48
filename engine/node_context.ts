import type { Value, Values } from "./value.ts";
import type { ExecutionResult } from "./verdict.ts";

/** How serious a log line is. */
export type LogLevel = "info" | "warning";

/** All that a node sees while it runs. It never sees the bus, the store, or its neighbours. */
export interface NodeContext<Config = unknown, Inputs = Values> {
  /** As the node's schema parsed it, defaults filled in. */
  readonly config: Config;
  /** By port. */
  readonly inputs: Inputs;
  /** Of the execution that this attempt belongs to. */
  readonly execution_id: string;
  /** Of the workflow's node. */
  readonly node_id: string;
  /** From 1; grows with every retry. */
  readonly attempt: number;
  /**
   * A UUID that is the same whenever this attempt is looked at, on any machine, and different for every other attempt.
   * With it other systems recognize a request that comes twice within an attempt; what must happen once per execution,
   * however often it is tried, needs `execution_id` with `node_id` as its idempotency key.
   */
  readonly attempt_id: string;
  /** Absolute path of the workflow's document, if it came from a file. */
  readonly source: string | undefined;
  /** Of a node with `map`: which item this attempt is about, from 0; undefined for other nodes. */
  readonly index: number | undefined;
  /** Aborts on cancel and on timeout; a node has to end promptly then. `signal.reason` is a FlowError that says why. */
  readonly signal: AbortSignal;
  /** Whether the caller asked to see every line of output (`--verbose`). */
  readonly verbose: boolean;
  /** What this node wants to remember from one attempt to the next of the same execution; not journaled. */
  readonly state: Map<string, unknown>;
  /** Tells people something, at once. */
  log(message: string, level?: LogLevel): void;
  /** `percent` is 0..100. */
  progress(percent: number, message?: string): void;
  /** Streams a value on an output port before the node has ended. */
  data(port: string, value: Value): void;
  /** Tells a line of standard output. */
  stdout(line: string): void;
  /** Tells a line of standard error. */
  stderr(line: string): void;
  /** Tells the journal which operating system process works for this attempt, so that it can be ended after a crash. */
  processStarted(process: ProcessIdentity): void;
  /**
   * Tells the journal about something outside of this process that this attempt has opened, such as a session of a
   * server, in whatever way the node type's `closeResource` finds it again. With `until: "attempt"` the node closes it
   * itself before it ends; should this process die first, it is closed before the node runs again. With
   * `until: "execution"` it stays, and is closed when the execution ends, however that comes about.
   */
  resourceOpened(resource: Values, options: { until: ResourceScope }): void;
  /** Waits; rejects as soon as `signal` aborts. */
  sleep(ms: number): Promise<void>;
  /**
   * Runs a workflow as an execution of its own, linked to this one, and answers how it ended. An attempt that is made
   * again because it was cut off finds the execution that it had started, if it calls in the same order. What ends this
   * attempt ends the execution too.
   *
   * @throws {FlowError} `not_found`, `invalid_document`, `invalid_workflow`: it cannot be run; `node_failed`: calls are
   * nested too deep. How the execution itself ends is no error here.
   */
  call(request: CallRequest): Promise<ExecutionResult<Values>>;
}

/** Which workflow to run, and with what. */
export type CallRequest =
  & {
    inputs: Values;
    /** Names of the inputs that it must know; others that it does not declare are left out. Default: all. */
    required?: readonly string[];
    /** Told the execution's id before it starts. */
    onStart?(executionId: string): void;
  }
  & (
    /** A document as `parseWorkflow` reads it: text, bytes or data; with its absolute path, if it has one. */
    | { document: unknown; filename?: string }
    /** A saved workflow; default: its newest version. */
    | { workflow_id: string; version?: number }
  );

/** How long a resource may stay open: for one attempt, or for the execution. */
export type ResourceScope = "attempt" | "execution";

/** What a node has opened; see {@link NodeContext.resourceOpened}. */
export interface OpenResource {
  /** The node that has opened it. */
  node_id: string;
  /** Of a node with `map`: the item. */
  index?: number;
  /** Whose `closeResource` closes it. */
  node_type: string;
  /** The attempt that has opened it. */
  attempt: number;
  /** What `closeResource` gets. */
  resource: Values;
  /** How long it may stay open. */
  until: ResourceScope;
}

/** An operating system process that cannot be mistaken for a later one with the same id. */
export interface ProcessIdentity {
  /** As the operating system counts. */
  pid: number;
  /** Opaque text that differs for every process that ever had this pid. */
  started: string;
}
