import type { ExecutionReader, ExecutionRecord } from "../../engine/store.ts";
import type { Workflow } from "../../engine/workflow.ts";
import { FlowError } from "../../engine/errors.ts";
import type { ExecutionsApi } from "../../server/client/executions_api.ts";

/** Reads of executions on a server what a store tells of those in it. */
export function createRemoteReader(executions: ExecutionsApi): ExecutionReader {
  return {
    async getRecord(executionId) {
      return await unlessMissing(async (): Promise<ExecutionRecord> => {
        const { workflow, inputs, created_at, rerun_of } = await executions.get(executionId, { include: "workflow" });
        return {
          execution_id: executionId,
          // The document of a checked workflow: only values that look like something else are written differently.
          workflow: workflow as unknown as Workflow,
          inputs,
          verbose: false,
          created_at,
          ...(rerun_of === undefined ? {} : { rerun_of }),
        };
      });
    },
    async getSummary(executionId) {
      // Cheaper than the execution with all of its nodes and outputs.
      const found = await executions.list({ id_prefix: executionId, limit: 1 });
      return found.find(({ execution_id }) => execution_id === executionId);
    },
    readEvents: (executionId, query) => executions.readEvents(executionId, query),
    async listExecutions(filter) {
      // Files are a matter of one machine.
      return filter.source === undefined ? await executions.list(filter) : [];
    },
  };
}

async function unlessMissing<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof FlowError && error.code === "not_found") return undefined;
    throw error;
  }
}
