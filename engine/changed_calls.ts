import { encodeDocument } from "./encode_document.ts";
import type { EngineOptions } from "./engine_options.ts";
import { everyNode } from "./handlers.ts";
import { parseWorkflow } from "./parse.ts";
import type { NodeRegistry } from "./registry.ts";
import { isSameData } from "./same_data.ts";
import type { ExecutionRecord, ExecutionSummary, Store } from "./store.ts";
import { canonicalJson, type Value } from "./value.ts";
import type { NodeSpec, Workflow } from "./workflow.ts";

/** How many reruns of reruns are looked through for the one in which a node ran. */
const MAX_RERUNS = 100;
const PAGE = 200;

/** What is looked at. */
export interface ChangedCallsOptions {
  store: Store;
  registry: NodeRegistry;
  readDocument?: EngineOptions["readDocument"];
}

/** Finds the nodes of an earlier execution whose outputs came from workflows that are others by now. */
export class ChangedCalls {
  readonly #options: ChangedCallsOptions;
  /** What stands in files now, by path; undefined for what is no workflow. */
  readonly #documents = new Map<string, string | undefined>();

  constructor(options: ChangedCallsOptions) {
    this.#options = options;
  }

  /** Ids of nodes. What a rerun has reused was called by the execution that it has rerun, or by one before that. */
  async find(executionId: string): Promise<Set<string>> {
    const { store } = this.#options;
    const changed = new Set<string>();
    const seen = new Set<string>();
    let id: string | undefined = executionId;
    for (let hop = 0; id !== undefined && hop < MAX_RERUNS; hop++) {
      const calls = await this.#callsOf(id);
      const [newest, caller] = calls.size === 0 ? [] : [await store.getRecord(executionId), await store.getRecord(id)];
      for (const [nodeId, called] of calls) {
        const spec = findNode(caller, nodeId);
        if (spec === undefined || seen.has(nodeId) || !isSameCall(spec, findNode(newest, nodeId))) continue;
        seen.add(nodeId);
        for (const call of called) if (await this.#isOther(spec, call)) changed.add(nodeId);
      }
      const { rerun_of }: { rerun_of?: string } = await store.getSummary(id, 0) ?? {};
      id = rerun_of;
    }
    return changed;
  }

  /** By node: the newest call of each document. */
  async #callsOf(executionId: string): Promise<Map<string, ExecutionSummary[]>> {
    const { store } = this.#options;
    const calls = new Map<string, ExecutionSummary[]>();
    for (let after: string | undefined, isLast = false; !isLast;) {
      const filter = { called_by: executionId, limit: PAGE, ...(after === undefined ? {} : { after }) };
      const page: ExecutionSummary[] = await store.listExecutions(filter, 0);
      for (const call of page) {
        const nodeId = call.called_by?.node_id ?? "";
        const known = calls.get(nodeId) ?? [];
        if (!known.some(({ source }) => source === call.source)) calls.set(nodeId, [...known, call]);
      }
      after = page.at(-1)?.execution_id;
      isLast = page.length < PAGE;
    }
    return calls;
  }

  /** Whether the same call would run something else now, itself or by what it calls. */
  async #isOther(spec: NodeSpec, { execution_id, source }: ExecutionSummary): Promise<boolean> {
    const record = await this.#options.store.getRecord(execution_id);
    if (record === undefined) return false;
    const before = describe(record.workflow);
    if (source === undefined) {
      const isNewest = spec.config.workflow_id === record.workflow.id && spec.config.version === undefined;
      if (isNewest && await this.#describeSaved(record.workflow.id) !== before) return true;
    } else if (this.#options.readDocument !== undefined && await this.#describeFile(source) !== before) return true;
    return (await this.find(execution_id)).size > 0;
  }

  async #describeSaved(workflowId: string): Promise<string | undefined> {
    const saved = await this.#options.store.loadWorkflow(workflowId);
    return saved && describe(saved.workflow);
  }

  async #describeFile(path: string): Promise<string | undefined> {
    if (!this.#documents.has(path)) this.#documents.set(path, await this.#readFile(path));
    return this.#documents.get(path);
  }

  async #readFile(path: string): Promise<string | undefined> {
    const { registry, readDocument } = this.#options;
    try {
      return describe(await parseWorkflow(await readDocument?.(path), { registry, filename: path }));
    } catch {
      // Whoever calls it again hears why.
      return undefined;
    }
  }
}

function findNode(record: ExecutionRecord | undefined, nodeId: string): NodeSpec | undefined {
  return record && everyNode(record.workflow).find(({ id }) => id === nodeId);
}

function isSameCall(before: NodeSpec, now: NodeSpec | undefined): boolean {
  return now?.node_type === before.node_type && isSameData(now.config, before.config);
}

/** What a workflow does; without an id and a name of its own it gets others each time. */
function describe(workflow: Workflow): string {
  return canonicalJson(encodeDocument({ ...workflow, id: "", name: "", triggers: [] }) as Value);
}
