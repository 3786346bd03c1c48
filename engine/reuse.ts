import type { SkipReason } from "./events.ts";
import { type Readings, readJournal } from "./fold.ts";
import type { RerunPlan } from "./rerun.ts";
import { type ExecutionState, isFinished } from "./state.ts";
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
  const found = await readJournal(store, execution_id, {
    outputs: (nodeId) => reused.has(nodeId),
    items: (nodeId) => partly.has(nodeId),
  });
  return {
    execution_id,
    outputs: found.outputs,
    skip: new Map(skipped.map((node) => [node.node_id, node.because ?? { reason: "not_selected" as const }])),
    items: listItems(found, execution_id),
  };
}

/** What a rerun that was cut off still has to reuse: the rest it has taken over with its first events. */
export async function readReuseLeft(store: Store, { keeping, nodes }: ExecutionState): Promise<Reuse | undefined> {
  const isLeft = (nodeId: string) => !isFinished(nodes.get(nodeId)?.status ?? "waiting");
  const left = new Set(keeping?.items_of.filter(isLeft));
  if (keeping === undefined || left.size === 0) return undefined;
  const { execution_id } = keeping;
  const found = await readJournal(store, execution_id, { outputs: () => false, items: (nodeId) => left.has(nodeId) });
  return { execution_id, outputs: new Map(), skip: new Map(), items: listItems(found, execution_id) };
}

function listItems({ items }: Readings, reused_from: string): Reuse["items"] {
  const found = [...items].map(([nodeId, { items, outputs }]) => {
    const reusable = [...outputs].map(([index, answered]): ReusedItem => {
      return { index, item: items[index] ?? null, outputs: answered, reused_from };
    });
    return [nodeId, reusable] as const;
  });
  return new Map(found);
}
