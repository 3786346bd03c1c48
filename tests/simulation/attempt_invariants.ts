import { FlowError } from "../../engine/errors.ts";
import type { EventOf, ExecutionEvent } from "../../engine/events.ts";
import { mayRetry, retryDelay } from "../../engine/retry.ts";
import type { NodeSpec } from "../../engine/workflow.ts";
import { unitOf } from "./rules.ts";

interface Unit {
  /** The newest attempt; 0 before the first of the round. */
  attempt: number;
  failures: number;
  repetitions: number;
  dueAt: number;
}

/** Attempts count up, retries keep to the policy, repetitions to theirs, and delays are kept to the millisecond. */
export function checkAttempts(spec: NodeSpec, events: readonly ExecutionEvent[]): string[] {
  const problems: string[] = [];
  const units = new Map<string, Unit>();
  /** The newest attempt of the node and all of its items, in all rounds: a new round counts on from there. */
  let newest = 0;
  let begun = 0;
  for (const event of events) {
    if (event.type === "WorkflowRetrying") [begun] = [newest, units.clear()];
    if (!("node_id" in event) || event.node_id !== spec.id) continue;
    const name = unitOf(event);
    const whole = units.get(spec.id)?.attempt ?? begun + 1;
    const first = event.index === undefined ? begun : whole - 1;
    const unit = units.get(name) ?? { attempt: first, failures: 0, repetitions: 0, dueAt: 0 };
    units.set(name, unit);
    problems.push(...checkStep(spec, unit, event).map((problem) => `${name}: ${problem}`));
    newest = Math.max(newest, unit.attempt);
  }
  return problems;
}

function checkStep(spec: NodeSpec, unit: Unit, event: ExecutionEvent): string[] {
  const at = Date.parse(event.timestamp);
  switch (event.type) {
    case "NodeStarted":
      return checkStart(unit, event, at);
    case "NodeRetrying":
      unit.dueAt = at + event.delay_ms;
      return checkRetry(spec, unit, event);
    case "NodeRepeating":
      unit.dueAt = at + event.delay_ms;
      unit.failures = 0;
      unit.repetitions++;
      if (spec.repeat === undefined) return ["repeats without being asked to"];
      if (event.delay_ms !== spec.repeat.delay_ms) return [`waits for ${event.delay_ms} ms before it repeats`];
      return unit.repetitions < Math.min(spec.repeat.max, turnsOf(spec) ?? Infinity)
        ? []
        : [`repeats ${unit.repetitions} times`];
    case "NodeCompleted":
    case "NodeFailed":
      return spec.map === undefined || event.index !== undefined ? checkTurns(spec, unit, event) : [];
    default:
      return [];
  }
}

function checkStart(unit: Unit, { attempt }: EventOf<"NodeStarted">, at: number): string[] {
  unit.attempt++;
  const problems = at < unit.dueAt ? [`runs ${unit.dueAt - at} ms too early`] : [];
  if (attempt !== unit.attempt) problems.push(`attempt ${attempt} where ${unit.attempt} is due`);
  unit.attempt = attempt;
  return problems;
}

function checkRetry(spec: NodeSpec, unit: Unit, { error, delay_ms }: EventOf<"NodeRetrying">): string[] {
  if (error.code === "interrupted") return spec.on_interrupt === "fail" ? ["goes on against its on_interrupt"] : [];
  const failures = ++unit.failures;
  const policy = spec.retry_policy;
  if (policy === undefined) return ["retried without a policy"];
  const flowError = new FlowError(error.code, error.message, { details: error.details });
  const problems: string[] = [];
  if (!mayRetry(policy, failures, flowError)) problems.push("retried against its policy");
  const [longest, shortest] = [retryDelay(policy, failures, () => 0), retryDelay(policy, failures, () => 1)];
  if (delay_ms > longest || delay_ms < shortest) problems.push(`delay ${delay_ms} is not in the policy`);
  return problems;
}

/** How many runs a node takes whose condition looks at the number of its run; undefined if it looks at other things. */
function turnsOf({ repeat }: NodeSpec): number | undefined {
  const [, turns] = /^outputs\.turn >= (\d+)$/.exec(repeat?.until ?? "") ?? [];
  return turns === undefined ? undefined : Number(turns);
}

function checkTurns(spec: NodeSpec, { repetitions }: Unit, event: EventOf<"NodeCompleted" | "NodeFailed">): string[] {
  const { repeat } = spec;
  const turns = turnsOf(spec);
  if (repeat === undefined || turns === undefined) return [];
  if (event.type === "NodeCompleted") return repetitions === turns - 1 ? [] : [`ended in run ${repetitions + 1}`];
  if (!event.error.message.startsWith("repeat.until")) return [];
  return turns > repeat.max && repetitions === repeat.max - 1 ? [] : [`gave up in run ${repetitions + 1}`];
}
