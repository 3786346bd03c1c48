import { FlowError } from "./errors.ts";
import { WITH_OTHERS } from "./fan_out.ts";
import type { Ledger } from "./ledger.ts";
import type { Reuse } from "./reuse.ts";
import type { NodeState } from "./state.ts";
import type { Value, Values } from "./value.ts";
import { blameOn } from "./verdict.ts";

/** What the journal knows of a node that was running once per item. */
export interface RestoredItems {
  items: readonly Value[];
  /** By index: those of the items that succeeded. */
  outputs: ReadonlyMap<number, Values>;
}

/** What an executor that goes on needs from the journal besides the state. */
export interface Restored {
  /** Outputs of finished nodes that others may still read, by node id. */
  outputs: ReadonlyMap<string, Values>;
  /** By node id. */
  items: ReadonlyMap<string, RestoredItems>;
}

export const NOTHING_RESTORED: Restored = { outputs: new Map(), items: new Map() };

/** Takes over from an executor that is gone: what was cut off is planned again. */
export function restoreNodes(ledger: Ledger, restored: Restored, now: number): void {
  for (const node of ledger.frontier.graph.order) {
    const state = ledger.roster.state(node);
    if (state !== undefined) restoreNode(ledger, node, state, restored, now);
  }
}

function restoreNode(ledger: Ledger, node: number, state: NodeState, restored: Restored, now: number): void {
  const { id } = ledger.node(node).spec;
  const items = restored.items.get(id);
  switch (state.status) {
    case "waiting":
      return;
    case "running":
      if (items !== undefined) return restoreItems(ledger, node, state, items, now);
      return interrupt(ledger, node, state.attempt);
    case "retrying":
      return ledger.retries.later(node, Math.max(0, (state.at ?? 0) - now));
    case "succeeded":
      return ledger.frontier.succeed(node, restored.outputs.get(id));
    case "failed":
      if (state.tolerated) return ledger.frontier.tolerate(node);
      if (state.error !== undefined) ledger.failure ??= { node_id: id, error: state.error };
      return ledger.frontier.giveUp(node, blameOn(id, "failed"), "failed");
    case "cancelled":
      return ledger.frontier.giveUp(node, blameOn(id, "cancelled"), "failed");
    case "skipped":
      return ledger.leaveOut(node, state.because ?? { reason: "not_selected" });
  }
}

function restoreItems(ledger: Ledger, node: number, state: NodeState, restored: RestoredItems, now: number): void {
  ledger.frontier.setPhase(node, "running");
  const fanOut = ledger.openFanOut(node, restored.items, state.attempt);
  const states = state.items?.states ?? new Map<number, NodeState>();
  for (const [index, { status }] of states) {
    if (status === "succeeded") fanOut.succeed(index, restored.outputs.get(index) ?? {});
    else fanOut.setPhase(index, "running");
  }
  // Failures first: they may mean that nothing else runs again, and the first of them says why.
  for (const ended of ["failed", "cancelled"] as const) {
    for (const [index, { status, error }] of states) if (status === ended) ledger.noteFailedItem(node, index, error);
  }
  for (const [index, item] of states) {
    const unit = ledger.roster.units.item(node, index);
    const isOpen = item.status === "running" || item.status === "retrying";
    if (isOpen && fanOut.isStopped) ledger.fail(unit, WITH_OTHERS, 0);
    else if (item.status === "running") interrupt(ledger, unit, item.attempt);
    else if (item.status === "retrying") ledger.retries.later(unit, Math.max(0, (item.at ?? 0) - now));
  }
  ledger.advance(node);
}

function interrupt(ledger: Ledger, unit: number, attempt: number): void {
  const { on_interrupt } = ledger.node(unit).spec;
  const error = new FlowError("interrupted", `Attempt ${attempt} was cut off when the engine stopped`).toInfo();
  if (on_interrupt === "fail") ledger.fail(unit, error, 0);
  else ledger.retries.interrupted(unit, attempt, error);
}

/** Takes finished nodes over from the execution that is rerun. */
export function takeOver(ledger: Ledger, { execution_id, outputs, skip }: Reuse): void {
  for (const node of ledger.frontier.graph.order) {
    const { id } = ledger.node(node).spec;
    const reused = outputs.get(id);
    if (reused !== undefined) ledger.complete(node, reused, 0, { reused_from: execution_id });
    const because = skip.get(id);
    if (reused === undefined && because !== undefined) ledger.skip(node, because);
  }
}
