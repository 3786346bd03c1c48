import { FlowError } from "./errors.ts";
import type { ExecutionEvent } from "./events.ts";
import type { PruneRule } from "./store.ts";

/** Refuses events whose seqs do not continue `after`: a bug of the caller's that would spoil the journal. */
export function checkSeqs(executionId: string, after: number, events: readonly ExecutionEvent[]): void {
  for (const [i, event] of events.entries()) {
    if (event.seq === after + 1 + i && event.execution_id === executionId) continue;
    throw new FlowError("internal", `Cannot append to execution "${executionId}": seq ${event.seq} after ${after + i}`);
  }
}

/** Refuses a rule without any condition: it would delete everything. */
export function checkPruneRule(rule: PruneRule): void {
  if (rule.before !== undefined || rule.keep !== undefined) return;
  throw new FlowError("invalid_argument", "Cannot prune executions: no condition is given", {
    hint: "Say how old they must be or how many to keep.",
  });
}

/** Refuses unless a workflow's newest version (0: none) is the expected one, where one is expected. */
export function checkExpected(workflowId: string, newest: number, expected: number | undefined): void {
  if (expected === undefined || expected === newest) return;
  const state = newest === 0 ? "there is none" : `its newest version is ${newest}`;
  throw new FlowError("conflict", `Cannot change version ${expected} of workflow "${workflowId}": ${state}`, {
    hint: "Load the newest version and make your change there.",
  });
}

/** `createExecution` with an id that is in use. */
export function executionExists(executionId: string): FlowError {
  return new FlowError("conflict", `Cannot create execution "${executionId}": the id is taken`);
}

/** Something is to be changed that is not there. */
export function noSuchExecution(executionId: string): FlowError {
  return new FlowError("not_found", `Cannot find execution "${executionId}": there is none with this id`, {
    hint: "List executions to see their ids.",
  });
}

/** A cancel request that comes too late. */
export function hasEnded(executionId: string, status: string): FlowError {
  return new FlowError("conflict", `Cannot cancel execution "${executionId}": it has ended (${status})`);
}

/** `append` by someone who does not know the newest events. */
export function staleWriter(executionId: string, after: number, lastSeq: number): FlowError {
  return new FlowError(
    "conflict",
    `Cannot append to execution "${executionId}" after event ${after}: its newest is ${lastSeq}`,
    { hint: "Let the process that drives this execution go on, or load its events again." },
  );
}
