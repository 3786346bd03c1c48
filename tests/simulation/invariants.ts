import { type EventOf, type ExecutionEvent, isSkipByChoice } from "../../engine/events.ts";
import { everyNode } from "../../engine/handlers.ts";
import type { NodeSpec, Workflow } from "../../engine/workflow.ts";
import { checkAttempts } from "./attempt_invariants.ts";
import { checkHandlers } from "./handler_invariants.ts";
import { checkItems } from "./item_invariants.ts";
import { type Ended, isCleanup, isWanted, mustRun, predecessorsOf, unitOf } from "./rules.ts";
import { type Scenario, SIM_SECRET } from "./scenario.ts";

const TERMINAL = new Set(["NodeCompleted", "NodeFailed", "NodeSkipped"]);

/** All that is wrong with the whole journal of an ended execution. */
export function checkJournal(
  { workflow, cancelAtMs }: Pick<Scenario, "workflow" | "cancelAtMs">,
  events: readonly ExecutionEvent[],
): string[] {
  const problems = [...checkFrame(events), ...checkHandlers(workflow, events, cancelAtMs !== undefined)];
  if (JSON.stringify(events).includes(SIM_SECRET)) problems.push("a secret is in the journal");
  const main = events.filter((event) => !("node_id" in event) || event.handler === undefined);
  for (const round of splitRounds(main)) {
    problems.push(...checkRound(workflow, round.events, round.isLast), ...checkStop(workflow, round.events));
    for (const spec of workflow.nodes) problems.push(...checkItems(spec, round.events));
  }
  for (const spec of everyNode(workflow)) problems.push(...checkAttempts(spec, events));
  return problems;
}

function checkFrame(events: readonly ExecutionEvent[]): string[] {
  const problems: string[] = [];
  events.forEach((event, i) => {
    if (event.seq !== i + 1) problems.push(`seq ${event.seq} at position ${i + 1}`);
    const previous = events[i - 1];
    if (previous !== undefined && event.timestamp < previous.timestamp) problems.push(`time goes back at ${event.seq}`);
  });
  for (const type of ["WorkflowStarted", "WorkflowCompleted"]) {
    const count = events.filter((event) => event.type === type).length;
    if (count !== 1) problems.push(`${count} x ${type}`);
  }
  if (events[0]?.type !== "WorkflowStarted") problems.push("WorkflowStarted is not the first event");
  if (events.at(-1)?.type !== "WorkflowCompleted") problems.push("WorkflowCompleted is not the last event");
  return problems;
}

interface Round {
  events: ExecutionEvent[];
  isLast: boolean;
}

function splitRounds(events: readonly ExecutionEvent[]): Round[] {
  let current: Round = { events: [], isLast: true };
  const rounds = [current];
  for (const event of events) {
    if (event.type === "WorkflowRetrying") {
      current.isLast = false;
      rounds.push(current = { events: [], isLast: true });
    }
    current.events.push(event);
  }
  return rounds;
}

/** What has become of the nodes of one round. */
interface Progress {
  workflow: Workflow;
  specs: ReadonlyMap<string, NodeSpec>;
  /** Nodes and items that run. */
  open: Set<string>;
  ended: Map<string, ExecutionEvent>;
}

function checkRound(workflow: Workflow, events: readonly ExecutionEvent[], isLast: boolean): string[] {
  const problems: string[] = [];
  const specs = new Map(workflow.nodes.map((spec) => [spec.id, spec]));
  const progress: Progress = { workflow, specs, open: new Set(), ended: new Map() };
  const { open, ended } = progress;
  for (const event of events) {
    if (!("node_id" in event)) continue;
    const unit = unitOf(event);
    for (const name of new Set([unit, event.node_id])) {
      if (ended.has(name)) problems.push(`${event.type} of ${unit} after ${ended.get(name)?.type} of ${name}`);
    }
    if (event.type === "NodeStarted") problems.push(...checkStarted(progress, event));
    if (event.type === "NodeSkipped") problems.push(...checkSkip(progress, event));
    const isOver = event.type === "NodeRetrying" || event.type === "NodeRepeating" || TERMINAL.has(event.type);
    const needsRun = event.type === "NodeEvent" || event.type === "NodeRepeating" ||
      (event.type === "NodeRetrying" && event.error.code !== "interrupted");
    if (needsRun && !open.has(unit)) problems.push(`${event.type} of ${unit}, which does not run`);
    if (isOver) open.delete(unit);
    if (TERMINAL.has(event.type)) ended.set(unit, event);
  }
  if (open.size > 0) problems.push(`never ended: ${[...open].join(", ")}`);
  if (isLast) problems.push(...checkEnd(workflow, events, ended));
  return problems;
}

function checkStarted({ workflow, specs, open, ended }: Progress, event: EventOf<"NodeStarted">): string[] {
  const unit = unitOf(event);
  const spec = specs.get(event.node_id);
  const problems = open.has(unit) ? [`${unit} started twice at once`] : [];
  open.add(unit);
  // A node with items does not run itself.
  const attempts = [...open].filter((name) => specs.get(name)?.map === undefined).length;
  if (attempts > workflow.settings.max_parallel_nodes) problems.push(`${attempts} attempts at once`);
  if (event.index !== undefined) return problems;
  return [...problems, ...checkStart(workflow, spec, ended)];
}

function checkSkip({ workflow, specs, ended }: Progress, { node_id, because }: EventOf<"NodeSkipped">): string[] {
  if (!isSkipByChoice(because)) return [];
  const spec = specs.get(node_id);
  const mayRun = spec !== undefined && mustRun(workflow, spec, ended);
  const isRight = mayRun ? !isWanted(spec, ended) : because.reason !== "condition";
  return isRight ? [] : [`${node_id} skipped against the rules`];
}

/** After a cancel nothing starts, after a failure that stops the workflow only what is there for failures. */
function checkStop({ nodes, settings }: Workflow, events: readonly ExecutionEvent[]): string[] {
  const problems: string[] = [];
  const spared = new Set(nodes.filter(isCleanup).map(({ id }) => id));
  let stop: "cancel" | "failure" | undefined;
  for (const event of events) {
    if (event.type === "WorkflowCancelling") stop = "cancel";
    const isFatal = event.type === "NodeFailed" && event.index === undefined && !isHarmless(event) &&
      event.error.code !== "cancelled";
    if (isFatal && settings.on_error !== "ContinueOnError") stop ??= "failure";
    if (event.type !== "NodeStarted" || stop === undefined) continue;
    if (stop === "cancel" || !spared.has(event.node_id)) problems.push(`${unitOf(event)} starts after a ${stop}`);
  }
  return problems;
}

function checkStart(workflow: Workflow, spec: NodeSpec | undefined, ended: Ended): string[] {
  if (spec === undefined) return ["a node that is not in the document"];
  const early = predecessorsOf(workflow, spec).filter((id) => !ended.has(id)).map((id) => `${spec.id} before ${id}`);
  if (early.length > 0 || (mustRun(workflow, spec, ended) && isWanted(spec, ended))) return early;
  return [`${spec.id} ran against the rules`];
}

/** Whether a node that ended like this leaves its execution a success. */
function isHarmless(event: ExecutionEvent | undefined): boolean {
  if (event?.type === "NodeFailed") return event.tolerated === true;
  return event?.type === "NodeCompleted" || (event?.type === "NodeSkipped" && isSkipByChoice(event.because));
}

function checkEnd(
  workflow: Workflow,
  events: readonly ExecutionEvent[],
  ended: Ended,
): string[] {
  const problems: string[] = [];
  for (const { id } of workflow.nodes) if (!ended.has(id)) problems.push(`nothing became of ${id}`);
  const last = events.at(-1);
  if (last?.type !== "WorkflowCompleted") return problems;
  const allSucceeded = workflow.nodes.every(({ id }) => isHarmless(ended.get(id)));
  if (last.success !== (last.status === "succeeded")) problems.push("success and status disagree");
  if (last.status === "succeeded" && !allSucceeded) problems.push("succeeded though not every node did");
  const hasFailure = events.some((event) =>
    event.type === "NodeFailed" && event.index === undefined && !isHarmless(event) && event.error.code !== "cancelled"
  );
  if (last.status === "failed" && !hasFailure && last.error?.code !== "timeout") {
    problems.push("failed without a failure");
  }
  return problems;
}
