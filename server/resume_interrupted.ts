import type { ExecutionSummary } from "../engine/store.ts";
import type { ServerPorts } from "./ports.ts";

/** How the resuming goes. */
export interface ResumeListener {
  onResumed(executionId: string): void;
  /** It stays interrupted. */
  onFailed(executionId: string, error: unknown): void;
}

/** Executions that go on, or wait until they may, at the same time: enough for every workflow to have its turn. */
const CONCURRENCY = 1000;
const PAGE = 100;

/**
 * Goes on with all executions that this server, or one before it in the same folder, was cut off from. Those of files
 * belong to `flow run`, and their users decide. Resolves when all of them have ended or the server is about to.
 */
export async function resumeInterrupted(ports: ServerPorts, listener: ResumeListener): Promise<void> {
  await ports.engine.releaseDeadOwners();
  const executions = listInterrupted(ports);
  const work = async () => {
    for await (const { execution_id } of executions) {
      if (ports.closing.aborted) return;
      await resume(ports, execution_id, listener);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
}

async function resume(ports: ServerPorts, executionId: string, listener: ResumeListener): Promise<void> {
  try {
    const record = await ports.engine.store.getRecord(executionId);
    if (record === undefined || record.workdir !== ports.workdir) return;
    const handle = await ports.admission.resume(executionId);
    listener.onResumed(executionId);
    // How it ends is in its journal.
    await handle.result.catch(() => {});
  } catch (error) {
    listener.onFailed(executionId, error);
  }
}

/** Page by page, each when the one before it is used up. Shared by several readers. */
async function* listInterrupted({ engine, clock, closing }: ServerPorts): AsyncGenerator<ExecutionSummary> {
  let last: string | undefined;
  while (!closing.aborted) {
    const filter = { status: "interrupted", limit: PAGE, ...(last === undefined ? {} : { after: last }) } as const;
    const page = await engine.store.listExecutions(filter, clock.now());
    for (const summary of page) {
      // What a node has called is taken up by that node.
      if (summary.source === undefined && summary.called_by === undefined) yield summary;
    }
    last = page.at(-1)?.execution_id;
    if (last === undefined) return;
  }
}
