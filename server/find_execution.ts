import { FlowError } from "../engine/errors.ts";
import { readResult } from "../engine/past_execution.ts";
import type { ExecutionRecord, ExecutionSummary } from "../engine/store.ts";
import type { ExecutionResult } from "../engine/verdict.ts";
import type { ServerPorts } from "./ports.ts";
import { encodeValues, type ValuesForm } from "./values_form.ts";

/** An execution as it was started, and where it stands. */
export interface FoundExecution {
  record: ExecutionRecord;
  summary: ExecutionSummary;
}

/** The execution with this id. @throws {FlowError} `not_found` */
export async function findExecution({ engine, clock }: ServerPorts, id: string): Promise<FoundExecution> {
  const record = await engine.store.getRecord(id);
  const summary = await engine.store.getSummary(id, clock.now());
  if (record !== undefined && summary !== undefined) return { record, summary };
  throw new FlowError("not_found", `No execution has the id "${id}"`, {
    hint: "GET /api/executions lists those that there are.",
  });
}

/** How an execution ended, as clients see it. */
export function describeResult({ outputs, ...result }: ExecutionResult, form: ValuesForm) {
  const { execution_id, completed_nodes, total_nodes, status } = result;
  return { execution_id, completed_nodes, total_nodes, status, outputs: encodeValues(outputs, form) };
}

/**
 * Waits for the end of an execution that this or another process drives.
 *
 * @throws {FlowError} `unavailable` if it was interrupted instead
 */
export async function waitForEnd(ports: ServerPorts, id: string): Promise<ExecutionResult> {
  const { last_seq } = (await findExecution(ports, id)).summary;
  // Its last event is enough, whenever it comes.
  for await (const _ of ports.engine.subscribe(id, { after: last_seq - 1, signal: ports.closing }));
  const { record, summary } = await findExecution(ports, id);
  if (summary.status === "running" || summary.status === "interrupted") {
    throw new FlowError("unavailable", `Cannot wait for execution "${id}": it was interrupted`, {
      hint: "Look at it again later: it goes on when its server does.",
    });
  }
  // Declared outputs are of any shape; what they are is for the client to know.
  return await readResult(ports.engine.store, record) as ExecutionResult;
}
