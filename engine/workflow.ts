import type { Value, Values } from "./value.ts";

/** How a failed attempt is repeated. Delay before retry n is `min(delay_ms * backoff_multiplier^(n-1), max_delay_ms)`. */
export interface RetryPolicy {
  /** In all, the first included. Default 3. */
  max_attempts: number;
  /** Default 1000. */
  delay_ms: number;
  /** Default 2. */
  backoff_multiplier: number;
  /** Default 60000; null: no cap. */
  max_delay_ms: number | null;
  /** Default true. */
  retry_on_timeout: boolean;
  /** 0..1: up to this share of a delay is taken off at random. Default 0. */
  jitter: number;
  /** Error codes, exit codes, HTTP statuses; if given, only these are retried. */
  retry_on?: (string | number)[];
  /** These are never retried. */
  no_retry_on?: (string | number)[];
}

/** A node of a workflow. */
export interface NodeSpec {
  /** Unique in the workflow. */
  id: string;
  /** What it does, such as `http.request`. */
  node_type: string;
  /** Label. */
  name?: string;
  /** What the node type takes; texts may hold expressions. */
  config: Values;
  /** Place in a visual editor. */
  position?: { x: number; y: number };
  /** Per attempt. */
  timeout_ms?: number;
  /** How a failed attempt is repeated; without it, it is not. */
  retry_policy?: RetryPolicy;
  /** What to do with an attempt that a crash of the engine cut off. Default `retry`. */
  on_interrupt?: "retry" | "fail";
  /** Use results again for the same config and inputs. */
  cache?: { ttl_seconds: number };
  /** Nodes that must have finished before, besides those that are connected. */
  depends_on?: string[];
  /** What must have become of the nodes before it. Default `success`. */
  run_if?: RunIf;
  /** An expression; unless it holds, the node is skipped. */
  when?: string | boolean;
  /** Whether the rest of the workflow goes on as if nothing had happened when this node fails. Default false. */
  continue_on_error?: boolean;
  /** Values for input ports that nothing is connected to; they win over the execution's inputs. */
  inputs?: Values;
  /** Runs the node once for each item of a list; every output becomes the list of what the items answered. */
  map?: MapSpec;
  /** Runs the node again after a success, until a condition holds. */
  repeat?: RepeatSpec;
}

/** How a node runs once per item. Retries, timeouts and the cache are each item's own. */
export interface MapSpec {
  /** A list, or an expression that yields one. */
  items: Value[] | string;
  /** How many items may run at the same time; default: as `max_parallel_nodes` allows. */
  max_parallel?: number;
  /** What becomes of the node when an item has failed for good: `stop` fails it, `continue` answers null there. */
  on_error: "stop" | "continue";
}

/** How a node that succeeds runs again. */
export interface RepeatSpec {
  /** An expression; `outputs` is what the node has just answered. */
  until: string;
  /** Wait between two runs. Default 1000. */
  delay_ms: number;
  /** After so many runs the node has failed. Default 100. */
  max: number;
}

/**
 * When a node runs, once all nodes before it have finished: `success` if none of them failed and something has come from
 * them, `failure` if one failed, `skipped` if one was skipped, `always` in any case.
 */
export type RunIf = "success" | "failure" | "always" | "skipped";

/** An edge from an output port to an input port. */
export interface Connection {
  /** Id of the node that answers the value. */
  from_node: string;
  /** Its output. */
  from_port: string;
  /** Id of the node that takes the value. */
  to_node: string;
  /** Its input. */
  to_port: string;
}

/** What starts executions by itself. */
export interface TriggerSpec {
  /** Unique in the workflow. */
  id: string;
  /** Whether it starts anything. */
  enabled: boolean;
  /** What it waits for. */
  trigger_type:
    | { type: "Manual" }
    | { type: "Cron"; expression: string }
    | { type: "Webhook"; path: string }
    | { type: "Event"; event_type: string };
}

/** What to do when a node has failed for good. */
export type OnError = "StopWorkflow" | "ContinueOnError" | { RetryWorkflow: { max_attempts: number } };

/** Settings of a whole workflow. */
export interface WorkflowSettings {
  /** Default 10. */
  max_parallel_nodes: number;
  /** Default `StopWorkflow`. */
  on_error: OnError;
  /** Null: no limit. */
  max_execution_time_ms: number | null;
  /** Names of the environment variables that expressions may use. */
  env?: string[];
  /** Run after the others, one after the other, when the execution has succeeded. */
  on_success?: NodeSpec[];
  /** The same when it has failed. */
  on_failure?: NodeSpec[];
  /** The same in any case, last of all. */
  on_exit?: NodeSpec[];
}

/** The types that an input can be declared with. */
export type InputType = "string" | "number" | "integer" | "boolean" | "array" | "object" | "any";

/** What a workflow wants to be given. */
export interface InputSpec {
  /** Default `any`. */
  type: InputType;
  /** For people. */
  description?: string;
  /** Used when the input is not given. */
  default?: Value;
  /** Default true, unless there is a default value. */
  required: boolean;
  /** The only values that are allowed. */
  enum?: Value[];
  /** What a string has to look like. */
  format?: InputFormat;
}

/** Formats of {@link InputSpec}, as in JSON Schema. */
export type InputFormat = "date" | "date-time" | "duration" | "email" | "ipv4" | "ipv6" | "uri" | "uuid";

/** A workflow in its checked form: defaults are filled in, values are plain. */
export interface Workflow {
  /** Any text. */
  id: string;
  /** What it is called. */
  name: string;
  /** For people. */
  description?: string;
  /** By name; without it any input is welcome. */
  inputs?: Record<string, InputSpec>;
  /** What the workflow answers, by name: values with expressions in them. Default: the outputs of its last nodes. */
  outputs?: Values;
  /** In the order of the document. */
  nodes: NodeSpec[];
  /** From output ports to input ports. */
  connections: Connection[];
  /** What starts executions by itself. */
  triggers: TriggerSpec[];
  /** Defaults are filled in. */
  settings: WorkflowSettings;
}
