import type { SkipReason } from "./events.ts";
import { foldExecution, type Readings, readJournal } from "./fold.ts";
import type { RerunPlan } from "./rerun.ts";
import { type ExecutionState, isFinished, nodeState } from "./state.ts";
import type { Store } from "./store.ts";
import { canonicalJson, type Value, type Values } from "./value.ts";

/** What an item of a node with `map` answered in an earlier execution. */
export interface ReusedItem {
  index: number;
  item: Value;
  outputs: Values;
  /** That execution. */
  reused_from: string;
}

/** What a rerun does not run again. */
export interface Reuse {
  /** The execution that is rerun. */
  execution_id: string;
  outputs: ReadonlyMap<string, Values>;
  /** Nodes that are left out. */
  skip: ReadonlyMap<string, SkipReason>;
  /** Items of nodes that do run again. */
  items: ReadonlyMap<string, readonly ReusedItem[]>;
}

/** Those of `earlier` that are the same item still. */
export function takeReusedItems(items: readonly Value[], earlier: readonly ReusedItem[] = []): ReusedItem[] {
  return earlier.filter(({ index, item }) => {
    const now = items[index];
    return now !== undefined && canonicalJson(now) === canonicalJson(item);
  });
}

/** Reads what a plan reuses. */
export async function readReuse(store: Store, { execution_id, nodes }: RerunPlan): Promise<Reuse> {
  const reused = new Set(nodes.filter(({ action }) => action === "reuse").map(({ node_id }) => node_id));
  const partly = new Set(nodes.filter((node) => node.reused_items !== undefined).map(({ node_id }) => node_id));
  const skipped = nodes.filter(({ action }) => action === "skip");
  const { outputs } = await readJournal(store, execution_id, { outputs: (id) => reused.has(id), items: () => false });
  return {
    execution_id,
    outputs,
    skip: new Map(skipped.map((node) => [node.node_id, node.because ?? { reason: "not_selected" as const }])),
    items: await readItems(store, execution_id, partly),
  };
}

/** What a rerun that was cut off still has to reuse: the rest it has taken over with its first events. */
export async function readReuseLeft(store: Store, { keeping, nodes }: ExecutionState): Promise<Reuse | undefined> {
  const isLeft = (nodeId: string) => !isFinished(nodes.get(nodeId)?.status ?? "waiting");
  const left = new Set(keeping?.items_of.filter(isLeft));
  if (keeping === undefined || left.size === 0) return undefined;
  const { execution_id } = keeping;
  return { execution_id, outputs: new Map(), skip: new Map(), items: await readItems(store, execution_id, left) };
}

/** Adds the items that an execution has kept from the one it reruns, of nodes that did not come to run. */
export async function recallKeptItems(store: Store, state: ExecutionState): Promise<void> {
  const { keeping } = state;
  const missing = keeping?.items_of.filter((id) => state.nodes.get(id)?.items === undefined) ?? [];
  if (keeping === undefined || missing.length === 0) return;
  const before = await foldExecution(store, keeping.execution_id);
  await recallKeptItems(store, before);
  for (const id of missing) {
    const items = before.nodes.get(id)?.items;
    if (items !== undefined) nodeState(state, id).items = items;
  }
}

/** The items of nodes that need not run again: of an execution, or of the one that it has kept them from. */
async function readItems(store: Store, execution_id: string, nodeIds: ReadonlySet<string>): Promise<Reuse["items"]> {
  if (nodeIds.size === 0) return new Map();
  const found = await readJournal(store, execution_id, { outputs: () => false, items: (id) => nodeIds.has(id) });
  const own = listItems(found, execution_id);
  const [start] = await store.readEvents(execution_id, { limit: 1, kind: "state" });
  if (start?.type !== "WorkflowStarted" || start.rerun_of === undefined) return own;
  const kept = new Set(start.keeps_items_of?.filter((id) => nodeIds.has(id) && !own.has(id)));
  return new Map([...await readItems(store, start.rerun_of, kept), ...own]);
}

function listItems({ items }: Readings, reused_from: string): Map<string, ReusedItem[]> {
  const found = [...items].map(([nodeId, { items, outputs }]) => {
    const reusable = [...outputs].map(([index, answered]): ReusedItem => {
      return { index, item: items[index] ?? null, outputs: answered, reused_from };
    });
    return [nodeId, reusable] as const;
  });
  return new Map(found);
}
