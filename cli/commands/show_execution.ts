import { foldExecution, readOutputs } from "../../engine/fold.ts";
import { buildWholeGraph, loadLanguageOf } from "../../engine/language.ts";
import type { NodeState } from "../../engine/state.ts";
import type { ExecutionSummary, Store } from "../../engine/store.ts";
import { toWire } from "../../engine/wire.ts";
import { success } from "../../server/outcome.ts";
import type { CliContext, CommonFlags } from "../context.ts";
import { findExecution, readRecord, releaseDeadOwners } from "../find_execution.ts";
import { openRegistry } from "../open_engine.ts";
import { type DatabaseFlags, openHistory, withStore } from "../open_store.ts";
import { formatExecution, type ShownExecution, type ShownNode } from "../render/execution_page.ts";

/** Flags of `flow executions show`. */
export interface ShowFlags extends CommonFlags, DatabaseFlags {
  readonly json?: boolean | undefined;
}

/** `flow executions show`: where an execution stands, node by node, with its inputs and outputs. */
export async function showExecution(context: CliContext, flags: ShowFlags, id: string): Promise<number> {
  const { platform, out, outStyle } = context;
  return await withStore(openHistory(platform, flags), async (store) => {
    await releaseDeadOwners(platform, store);
    const execution = await readExecution(store, await findExecution(store, id));
    out.write(
      flags.json
        ? `${JSON.stringify(toDocument(execution), null, 2)}\n`
        : formatExecution(execution, openRegistry(platform), outStyle),
    );
    return success.exit_code;
  });
}

async function readExecution(store: Store, summary: ExecutionSummary): Promise<ShownExecution> {
  const { execution_id } = summary;
  const record = await readRecord(store, execution_id);
  const state = await foldExecution(store, execution_id);
  await loadLanguageOf(record.workflow);
  const graph = buildWholeGraph(record.workflow);
  const isLast = (nodeId: string) => graph.successors(graph.indexOf(nodeId)).length === 0;
  const outputs = state.outputs ?? Object.fromEntries(await readOutputs(store, execution_id, isLast));
  const isDriven = summary.status === "running";
  const nodes = record.workflow.nodes.map(({ id, node_type, name }): ShownNode => {
    const { status, failures: _, at: __, process: ___, ...node } = state.nodes.get(id) ?? UNTOUCHED;
    const isCutOff = !isDriven && (status === "running" || status === "retrying");
    const shown = isCutOff ? "interrupted" : status;
    return { node_id: id, node_type, ...(name === undefined ? {} : { name }), ...node, status: shown };
  });
  return { summary, record, nodes, outputs };
}

const UNTOUCHED: NodeState = { status: "waiting", attempt: 0, failures: 0 };

function toDocument({ summary, record, nodes, outputs }: ShownExecution) {
  return { ...summary, inputs: toWire(record.inputs), nodes, outputs: toWire(outputs) };
}
