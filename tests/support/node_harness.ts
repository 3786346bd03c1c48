import * as z from "zod";
import { sleep, systemClock } from "../../engine/clock.ts";
import type { NodeEventBody } from "../../engine/events.ts";
import {
  hasPort,
  type NodeContext,
  type NodeDefinition,
  type ProcessIdentity,
  type ResourceScope,
} from "../../engine/node.ts";
import type { Values } from "../../engine/value.ts";

/** What to run a node with. */
export interface NodeRunOptions {
  config?: Record<string, unknown>;
  inputs?: Values;
  signal?: AbortSignal;
  verbose?: boolean;
  attempt?: number;
  /** What earlier attempts have left. */
  state?: Map<string, unknown>;
  /** Called for every event as it comes. */
  onEvent?: (event: NodeEventBody) => void;
  onProcess?: (process: ProcessIdentity) => void;
  onResource?: (resource: Values, until: ResourceScope) => void;
}

/** What a node did. */
export interface NodeRun {
  outputs: Values;
  events: NodeEventBody[];
  attempt_id: string;
}

/** One attempt of one node, without an engine: config and inputs are parsed by the node's own schemas. */
export async function runNode(definition: NodeDefinition, options: NodeRunOptions = {}): Promise<NodeRun> {
  const { ctx, events } = createContext(definition, options);
  const outputs = await definition.run(ctx);
  return { outputs, events, attempt_id: ctx.attempt_id };
}

/** The lines of one stream. */
export function linesOf(events: readonly NodeEventBody[], type: "StdoutLine" | "StderrLine"): string[] {
  return events.flatMap((event) => event.event_type === type && "line" in event ? [event.line] : []);
}

/** The messages of one level. */
export function messagesOf(events: readonly NodeEventBody[], type: "Info" | "Warning"): string[] {
  return events.flatMap((event) => event.event_type === type && "message" in event ? [event.message ?? ""] : []);
}

/** A context that records what the node says. */
export function createContext(
  definition: NodeDefinition,
  options: NodeRunOptions,
): { ctx: NodeContext; events: NodeEventBody[] } {
  const events: NodeEventBody[] = [];
  const signal = options.signal ?? new AbortController().signal;
  const emit = (event: NodeEventBody) => {
    events.push(event);
    options.onEvent?.(event);
  };
  const ctx: NodeContext = {
    config: definition.config.parse(options.config ?? {}),
    inputs: parseInputs(definition, options.inputs ?? {}),
    execution_id: "execution-1",
    node_id: "node-1",
    attempt: options.attempt ?? 1,
    index: undefined,
    source: undefined,
    call: () => Promise.reject(new Error("Not here")),
    attempt_id: crypto.randomUUID(),
    signal,
    verbose: options.verbose ?? false,
    state: options.state ?? new Map(),
    log: (message, level = "info") => emit({ event_type: level === "info" ? "Info" : "Warning", message }),
    progress: (percent, message) =>
      emit({ event_type: "Progress", percent, ...(message === undefined ? {} : { message }) }),
    data: (port, value) => emit({ event_type: "Data", port, value }),
    stdout: (line) => emit({ event_type: "StdoutLine", line }),
    stderr: (line) => emit({ event_type: "StderrLine", line }),
    processStarted: (process) => options.onProcess?.(process),
    resourceOpened: (resource, { until }) => options.onResource?.(resource, until),
    sleep: (ms) => sleep(systemClock, ms, signal),
  };
  return { ctx, events };
}

function parseInputs(definition: NodeDefinition, inputs: Values): Values {
  const known = Object.fromEntries(Object.entries(inputs).filter(([name]) => hasPort(definition.inputs, name)));
  return z.looseObject(definition.inputs.shape).parse(known) as Values;
}
