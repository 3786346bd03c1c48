import * as z from "zod";
import { errorCodes } from "./errors.ts";
import { lazy } from "./lazy.ts";

/**
 * The shape of documents. Unknown keys are not these schemas' business (they are dropped here, and reported by
 * `checkKeys`, which lets `x-...` pass); neither are the values of `config`. Optional keys may be null, as in documents
 * that flowengine wrote.
 */

/** Shown in terminals and used in file names and log lines. */
// deno-lint-ignore no-control-regex
export const CONTROL_CHARACTER = /[\u0000-\u001f\u007f]/;

/** What ids and names may be. */
export const nameSchema = lazy(() =>
  z.string().min(1, { error: "expected text that is not empty" })
    .refine((text) => !CONTROL_CHARACTER.test(text), { error: "expected text without control characters" })
    .refine((text) => text.isWellFormed(), { error: "expected text without half characters" })
    .refine((text) => text !== "__proto__", { error: "expected another name: this one is reserved" })
);

const milliseconds = lazy(() => z.int().min(0));

const retryRule = lazy(() =>
  z.union([z.int(), z.enum(errorCodes as [string, ...string[]])], {
    error: 'expected an exit code, an HTTP status, or an error code such as "timeout"',
  })
);

/** How a failed attempt is repeated. */
export const retryPolicySchema = lazy(() =>
  z.object({
    max_attempts: z.int().min(1).default(3).describe("Attempts in all, the first included"),
    delay_ms: milliseconds().default(1000).describe("Delay before the first retry, in milliseconds"),
    backoff_multiplier: z.number().positive().default(2).describe("Factor by which the delay grows with every retry"),
    max_delay_ms: milliseconds().nullable().default(60_000).describe("Longest delay, in milliseconds; null: no limit"),
    retry_on_timeout: z.boolean().default(true).describe("Whether an attempt that timed out is retried"),
    jitter: z.number().min(0).max(1).default(0).describe(
      "Share of a delay that is taken off at random at most, 0 to 1",
    ),
    retry_on: z.array(retryRule()).nullish().describe(
      "Error codes, exit codes or HTTP statuses; only these are retried",
    ),
    no_retry_on: z.array(retryRule()).nullish().describe(
      "Error codes, exit codes or HTTP statuses that are never retried",
    ),
  })
);

export const positionSchema = lazy(() => z.object({ x: z.number(), y: z.number() }));

export const cacheSchema = lazy(() =>
  z.object({
    ttl_seconds: z.number().positive().describe("How long a result may be used again, in seconds"),
  })
);

const EXPECTED_ITEMS = "expected a list, or an expression that yields one, such as ${{ inputs.files }}";

export const mapSchema = lazy(() =>
  z.object({
    items: z.union([z.array(z.unknown()), z.string().regex(/\$\{\{/, { error: EXPECTED_ITEMS })], {
      error: EXPECTED_ITEMS,
    })
      .describe("A list, or an expression that yields one; `item` and `index` are in scope in the node's config"),
    max_parallel: z.int().min(1).nullish().describe("How many items may run at the same time"),
    on_error: z.enum(["stop", "continue"]).default("stop").describe(
      "What becomes of the node when an item has failed: stop fails it, continue answers null in its place",
    ),
  })
);

export const repeatSchema = lazy(() =>
  z.object({
    until: z.string().min(1, { error: "expected an expression" }).describe(
      "Expression; `outputs` is what the node has just answered",
    ),
    delay_ms: milliseconds().default(1000).describe("Wait between two runs, in milliseconds"),
    max: z.int().min(1).default(100).describe("After so many runs the node has failed"),
  })
);

/** A node but for its config. */
export const nodeSchema = lazy(() =>
  z.object({
    id: nameSchema().describe("Unique in the workflow"),
    node_type: z.string().min(1, { error: "expected text that is not empty" }).describe(
      "What the node does, such as http.request",
    ),
    name: z.string().nullish().describe("Label"),
    config: z.unknown().optional().describe("What the node type takes"),
    position: positionSchema().nullish().describe("Place in a visual editor"),
    timeout_ms: z.int().min(1).nullish().describe("Time limit of one attempt, in milliseconds"),
    retry_policy: retryPolicySchema().nullish().describe("How a failed attempt is repeated; without it, it is not"),
    on_interrupt: z.enum(["retry", "fail"]).nullish().describe("What to do with an attempt that a crash cut off"),
    cache: cacheSchema().nullish().describe("Use results again for the same config and inputs"),
    depends_on: z.array(nameSchema()).nullish().describe(
      "Nodes that must have finished before, besides connected ones",
    ),
    run_if: z.enum(["success", "failure", "always", "skipped"]).nullish().describe(
      "What must have become of the nodes before it; default success",
    ),
    when: z.union([z.string(), z.boolean()]).nullish().describe("Expression; the node is skipped unless it holds"),
    continue_on_error: z.boolean().nullish().describe("Whether the rest goes on as if nothing had happened"),
    inputs: z.record(z.string(), z.unknown()).nullish().describe("Values for input ports, by port"),
    map: mapSchema().nullish().describe("Runs the node once for each item of a list"),
    repeat: repeatSchema().nullish().describe("Runs the node again after a success, until a condition holds"),
  })
);

/** An edge. */
export const connectionSchema = lazy(() =>
  z.object({
    from_node: nameSchema().describe("Id of the node that answers the value"),
    from_port: nameSchema().describe("Its output"),
    to_node: nameSchema().describe("Id of the node that takes the value"),
    to_port: nameSchema().describe("Its input"),
  })
);

export const triggerTypeSchema = lazy(() =>
  z.discriminatedUnion("type", [
    z.object({ type: z.literal("Manual") }),
    z.object({ type: z.literal("Cron"), expression: z.string().min(1, { error: "expected a cron expression" }) }),
    z.object({
      type: z.literal("Webhook"),
      path: z.string().min(1, { error: "expected a path such as /hooks/build" }),
    }),
    z.object({ type: z.literal("Event"), event_type: z.string().min(1, { error: "expected the name of an event" }) }),
  ], { error: 'expected an object with the type "Manual", "Cron", "Webhook" or "Event"' })
);

/** What starts executions by itself. */
export const triggerSchema = lazy(() =>
  z.object({
    id: nameSchema().optional().describe("Default: a UUID"),
    enabled: z.boolean().default(true),
    trigger_type: triggerTypeSchema(),
  })
);

export const retryWorkflowSchema = lazy(() => z.object({ max_attempts: z.int().min(1) }));

export const onErrorSchema = lazy(() =>
  z.union([
    z.enum(["StopWorkflow", "ContinueOnError"]),
    z.object({ RetryWorkflow: retryWorkflowSchema() }),
  ], { error: 'expected "StopWorkflow", "ContinueOnError" or {"RetryWorkflow": {"max_attempts": 3}}' })
);

/** Settings of a whole workflow. */
export const settingsSchema = lazy(() =>
  z.object({
    max_parallel_nodes: z.int().min(1).default(10).describe("How many nodes may run at the same time"),
    on_error: onErrorSchema().default("StopWorkflow").describe("What to do when a node has failed for good"),
    max_execution_time_ms: z.int().min(1).nullable().default(null).describe("Time limit of an execution; null: none"),
    env: z.array(z.string()).nullish().describe("Environment variables that expressions may use"),
    on_success: z.array(z.unknown()).nullish().describe("Nodes that run when the execution has succeeded"),
    on_failure: z.array(z.unknown()).nullish().describe("Nodes that run when the execution has failed"),
    on_exit: z.array(z.unknown()).nullish().describe("Nodes that run last of all, however the execution ended"),
  })
);

/** What a workflow wants to be given, by name. */
export const inputSchema = lazy(() =>
  z.object({
    type: z.enum(["string", "number", "integer", "boolean", "array", "object", "any"]).default("any"),
    description: z.string().nullish(),
    default: z.unknown().optional().describe("Used when the input is not given"),
    required: z.boolean().nullish().describe("Default true, unless there is a default"),
    enum: z.array(z.unknown()).min(1).nullish().describe("The only values that are allowed"),
    format: z.enum(["date", "date-time", "duration", "email", "ipv4", "ipv6", "uri", "uuid"]).nullish().describe(
      "What a string has to look like",
    ),
  })
);

/** The document but for what its lists hold. */
export const workflowSchema = lazy(() =>
  z.object({
    id: nameSchema().optional().describe("Default: a UUID"),
    name: z.string().nullish().describe("Default: the id"),
    description: z.string().nullish(),
    inputs: z.record(z.string(), z.unknown()).nullish().describe("What the workflow wants to be given, by name"),
    outputs: z.record(z.string(), z.unknown()).nullish().describe("What the workflow answers, by name: expressions"),
    nodes: z.array(z.unknown()),
    connections: z.array(z.unknown()).nullish(),
    triggers: z.array(z.unknown()).nullish(),
    settings: z.unknown().optional(),
  })
);
