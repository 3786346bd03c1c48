import { mayRetry, retryDelay } from "../../engine/retry.ts";
import { FlowError } from "../../engine/errors.ts";
import { type ExecutionEvent, isSkipByChoice } from "../../engine/events.ts";
import type { NodeSpec, Workflow } from "../../engine/workflow.ts";
import { type Ended, isWanted, mustRun, predecessorsOf } from "./rules.ts";

const TERMINAL = new Set(["NodeCompleted", "NodeFailed", "NodeSkipped"]);

/** All that is wrong with the whole journal of an ended execution. */
export function checkJournal(workflow: Workflow, events: readonly ExecutionEvent[]): string[] {
  const problems = [...checkFrame(events)];
  for (const round of splitRounds(events)) problems.push(...checkRound(workflow, round.events, round.isLast));
  for (const spec of workflow.nodes) problems.push(...checkAttempts(spec, events));
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

function checkRound(workflow: Workflow, events: readonly ExecutionEvent[], isLast: boolean): string[] {
  const problems: string[] = [];
  const open = new Set<string>();
  const ended = new Map<string, ExecutionEvent>();
  const specs = new Map(workflow.nodes.map((spec) => [spec.id, spec]));
  for (const event of events) {
    if (!("node_id" in event)) continue;
    const { node_id } = event;
    if (ended.has(node_id)) problems.push(`${event.type} of ${node_id} after its ${ended.get(node_id)?.type}`);
    if (event.type === "NodeStarted") {
      if (open.has(node_id)) problems.push(`${node_id} started twice at once`);
      open.add(node_id);
      if (open.size > workflow.settings.max_parallel_nodes) problems.push(`${open.size} nodes at once`);
      problems.push(...checkStart(workflow, specs.get(node_id), ended));
    }
    if (event.type === "NodeSkipped" && isSkipByChoice(event.because)) {
      const spec = specs.get(node_id);
      const mayRun = spec !== undefined && mustRun(workflow, spec, ended);
      const isRight = mayRun ? !isWanted(spec, ended) : event.because.reason !== "condition";
      if (!isRight) problems.push(`${node_id} skipped against the rules`);
    }
    if (event.type === "NodeEvent" && !open.has(node_id)) problems.push(`NodeEvent of ${node_id}, which does not run`);
    if (event.type === "NodeRetrying" && event.error.code !== "interrupted" && !open.has(node_id)) {
      problems.push(`NodeRetrying of ${node_id}, which does not run`);
    }
    if (event.type === "NodeRetrying" || TERMINAL.has(event.type)) open.delete(node_id);
    if (TERMINAL.has(event.type)) ended.set(node_id, event);
  }
  if (open.size > 0) problems.push(`never ended: ${[...open].join(", ")}`);
  if (isLast) problems.push(...checkEnd(workflow, events, ended));
  return problems;
}

function checkStart(workflow: Workflow, spec: NodeSpec | undefined, ended: Ended): string[] {
  if (spec === undefined) return ["a node that is not in the document"];
  const early = predecessorsOf(workflow, spec).filter((id) => !ended.has(id)).map((id) => `${spec.id} before ${id}`);
  if (early.length > 0 || (mustRun(workflow, spec, ended) && isWanted(spec, ended))) return early;
  return [`${spec.id} ran against the rules`];
}

/** Whether a node that ended like this leaves its execution a success. */
function isHarmless(event: ExecutionEvent): boolean {
  if (event.type === "NodeFailed") return event.tolerated === true;
  return event.type === "NodeCompleted" || (event.type === "NodeSkipped" && isSkipByChoice(event.because));
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
  const allSucceeded = [...ended.values()].every(isHarmless);
  if (last.success !== (last.status === "succeeded")) problems.push("success and status disagree");
  if (last.status === "succeeded" && !allSucceeded) problems.push("succeeded though not every node did");
  const hasFailure = events.some((event) =>
    event.type === "NodeFailed" && !isHarmless(event) && event.error.code !== "cancelled"
  );
  if (last.status === "failed" && !hasFailure && last.error?.code !== "timeout") {
    problems.push("failed without a failure");
  }
  return problems;
}

/** Attempts count up, retries keep to the policy, and delays are kept to the millisecond. */
function checkAttempts(spec: NodeSpec, events: readonly ExecutionEvent[]): string[] {
  const problems: string[] = [];
  let attempt = 0;
  let failures = 0;
  let dueAt = 0;
  for (const event of events) {
    if (event.type === "WorkflowRetrying") failures = dueAt = 0;
    if (!("node_id" in event) || event.node_id !== spec.id) continue;
    const at = Date.parse(event.timestamp);
    if (event.type === "NodeStarted") {
      attempt++;
      if (event.attempt !== attempt) problems.push(`attempt ${event.attempt} of ${spec.id} where ${attempt} is due`);
      if (at < dueAt) problems.push(`${spec.id} retried ${dueAt - at} ms too early`);
    }
    if (event.type !== "NodeRetrying") continue;
    dueAt = at + event.delay_ms;
    if (event.error.code === "interrupted") {
      if (spec.on_interrupt === "fail") {
        problems.push(`${spec.id} goes on after an interruption, against its on_interrupt`);
      }
      continue;
    }
    failures++;
    problems.push(...checkRetry(spec, failures, event.error, event.delay_ms));
  }
  return problems;
}

function checkRetry(
  spec: NodeSpec,
  failures: number,
  error: Extract<ExecutionEvent, { type: "NodeRetrying" }>["error"],
  delayMs: number,
): string[] {
  const policy = spec.retry_policy;
  if (policy === undefined) return [`${spec.id} retried without a policy`];
  const flowError = new FlowError(error.code, error.message, { details: error.details });
  const problems: string[] = [];
  if (!mayRetry(policy, failures, flowError)) problems.push(`${spec.id} retried against its policy`);
  const [longest, shortest] = [retryDelay(policy, failures, () => 0), retryDelay(policy, failures, () => 1)];
  if (delayMs > longest || delayMs < shortest) problems.push(`delay ${delayMs} of ${spec.id} is not in the policy`);
  return problems;
}
