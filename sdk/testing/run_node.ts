import { createLocalDispatcher } from "../../engine/attempt.ts";
import { systemClock } from "../../engine/clock.ts";
import type { AttemptRequest } from "../../engine/dispatcher.ts";
import { FlowError } from "../../engine/errors.ts";
import type { NodeEventBody } from "../../engine/events.ts";
import { attemptId } from "../../engine/id.ts";
import { IssueList } from "../../engine/issue.ts";
import type { CallRequest, NodeDefinition, ResourceScope } from "../../engine/node.ts";
import { reportProblem } from "../../engine/report.ts";
import type { Values } from "../../engine/value.ts";
import type { ExecutionResult } from "../../engine/verdict.ts";
import { parseWith } from "../../engine/zod_issues.ts";

/** What to run a node with; all of it is optional. */
export interface NodeRunOptions {
  /** As in a document: defaults are filled in. Default `{}`. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** By port. Default `{}`. */
  readonly inputs?: Values;
  /** Cancels it; `signal.reason` is why. */
  readonly signal?: AbortSignal;
  /** Milliseconds that it may take. Default: any number. */
  readonly timeoutMs?: number;
  /** Default: a random one. */
  readonly execution_id?: string;
  /** Which try it is. Default 1. */
  readonly attempt?: number;
  /** What earlier attempts have left in `ctx.state`. */
  readonly state?: Map<string, unknown>;
  /** Whether the node sees `ctx.verbose`. Default false. */
  readonly verbose?: boolean;
  /** Called for every event as it comes. */
  onEvent?(event: NodeEventBody): void;
  /** What `ctx.call` answers. Default: it fails. */
  call?(request: CallRequest): Promise<ExecutionResult<Values>>;
}

/** What a node did. */
export interface NodeRun {
  /** By port. */
  readonly outputs: Values;
  /** All that it told, in order. */
  readonly events: readonly NodeEventBody[];
  /** What it logged. */
  readonly messages: readonly string[];
  /** Its lines of stdout and stderr. */
  readonly lines: readonly string[];
  /** What it opened outside of this process, by `ctx.resourceOpened`. */
  readonly resources: readonly { readonly resource: Values; readonly until: ResourceScope }[];
}

/** As `ctx` shows it. */
const NODE_ID = "test-node";

/**
 * Runs one node by itself, as the engine would: config and inputs are checked, outputs too.
 *
 * ```ts
 * import assert from "node:assert/strict";
 * import { defineNode, z } from "flowengine";
 * import { runNode } from "flowengine/testing";
 *
 * const shout = defineNode({
 *   type: "text.shout",
 *   version: 1,
 *   summary: "Turn text into upper case",
 *   category: "text",
 *   config: { suffix: z.string().default("!") },
 *   inputs: { text: z.string() },
 *   outputs: { text: z.string() },
 *   run: ({ config, inputs }) => ({ text: inputs.text.toUpperCase() + config.suffix }),
 * });
 * const { outputs } = await runNode(shout, { config: { suffix: "?" }, inputs: { text: "hello" } });
 * assert.deepEqual(outputs, { text: "HELLO?" });
 * ```
 *
 * @throws {FlowError} what the node fails with; `invalid_config`, `invalid_input`, `invalid_output`; the reason of `signal`
 */
export async function runNode(definition: NodeDefinition, options: NodeRunOptions = {}): Promise<NodeRun> {
  const config = parseConfig(definition, options.config ?? {});
  const events: NodeEventBody[] = [];
  const resources: { resource: Values; until: ResourceScope }[] = [];
  const outcome = await createLocalDispatcher(systemClock).dispatch({
    ...describeAttempt(definition, config, options),
    emit: (event) => {
      events.push(event);
      options.onEvent?.(event);
    },
    resourceOpened: (resource, until) => void resources.push({ resource, until }),
  });
  if ("error" in outcome) throw outcome.error;
  const messages = events.flatMap((event) =>
    event.event_type === "Info" || event.event_type === "Warning" ? [event.message ?? ""] : []
  );
  const lines = events.flatMap((event) =>
    event.event_type === "StdoutLine" || event.event_type === "StderrLine" ? [event.line] : []
  );
  return { outputs: outcome.outputs, events, messages, lines, resources };
}

/** The id of the first attempt that {@link runNode} makes in an execution: what its processes are marked with. */
export function testAttemptId(executionId: string): string {
  return attemptId(executionId, NODE_ID, 0, 1);
}

/**
 * The config with its defaults filled in.
 * @throws {FlowError} `invalid_config` if it is not one that the node takes
 */
export function parseConfig(definition: NodeDefinition, config: Readonly<Record<string, unknown>>): unknown {
  const issues = new IssueList();
  const parsed = parseWith(definition.config, config);
  if (parsed.ok) {
    for (const { path, message, hint } of definition.check(parsed.value)) {
      issues.error("invalid_config", path, () => `Node type "${definition.type}": ${message}`, () => hint);
    }
  } else {
    for (const problem of parsed.problems) {
      const subject = `Node type "${definition.type}"`;
      const knownKeys = Object.keys(definition.config.shape);
      reportProblem(issues, problem, { subject, root: config, path: [], shownPath: ["config"], knownKeys });
    }
  }
  const [first] = issues.toArray();
  if (first !== undefined) throw new FlowError("invalid_config", first.message, { hint: first.hint });
  return parsed.ok ? parsed.value : config;
}

function describeAttempt(
  definition: NodeDefinition,
  config: unknown,
  options: NodeRunOptions,
): Omit<AttemptRequest, "emit" | "resourceOpened"> {
  const { state = new Map(), timeoutMs, call = () => Promise.reject(noCalls()) } = options;
  const spec = {
    id: NODE_ID,
    node_type: definition.type,
    config: {},
    ...(timeoutMs === undefined ? {} : { timeout_ms: timeoutMs }),
  };
  return {
    execution_id: options.execution_id ?? crypto.randomUUID(),
    node: { spec, definition, config, required: [] },
    index: undefined,
    attempt: options.attempt ?? 1,
    inputs: options.inputs ?? {},
    verbose: options.verbose ?? false,
    memory: () => state,
    signal: options.signal ?? new AbortController().signal,
    source: undefined,
    processStarted: () => {},
    call: (request) => call(request),
  };
}

function noCalls(): FlowError {
  return new FlowError("unavailable", "Cannot call a workflow here", { hint: "Pass call() to runNode." });
}
