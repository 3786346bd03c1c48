import type { ErrorInfo } from "./errors.ts";
import type { ItemStates } from "./state.ts";

/** How the items of a node with `map` stand. */
export interface ItemSummary {
  /** Of all items. */
  count: number;
  /** Of those that succeeded. */
  succeeded: number;
  /** Of those that failed. */
  failed: number;
  /** Why some did not succeed, at most {@link MAX_ERRORS}. */
  errors: { index: number; error: ErrorInfo }[];
}

/** More errors of items than this nobody reads; the journal has them all. */
const MAX_ERRORS = 100;

export function summarizeItems({ count, succeeded, failed, states }: ItemStates): ItemSummary {
  const errors: ItemSummary["errors"] = [];
  for (const [index, { error }] of states) {
    if (errors.length === MAX_ERRORS) break;
    if (error !== undefined) errors.push({ index, error });
  }
  return { count, succeeded, failed, errors };
}
