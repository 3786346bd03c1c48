import { type Issue, WorkflowError } from "../engine/issue.ts";
import { buildWholeGraph } from "../engine/language.ts";
import { locateIssues } from "../engine/parse.ts";
import type { NodeRegistry } from "../engine/registry.ts";
import type { NodeSpec, Workflow } from "../engine/workflow.ts";
import { hasFileCalls, listFileCalls, readQuietly } from "./called_files.ts";
import type { CliContext } from "./context.ts";
import { resolvePath, type WorkflowFile } from "./workflow_file.ts";

/** A document that has been read, as far as it calls others. */
interface Caller {
  /** As the user would write it. */
  readonly file: string;
  readonly calls: readonly Call[];
}

interface Call {
  /** The node's place in the document. */
  readonly place: Issue["path"];
  readonly file: string;
  /** Absolute. */
  readonly path: string;
  /** Whether nothing in the document can keep it from being made, failures aside. */
  readonly isCertain: boolean;
}

/** Finds documents that call themselves, directly or by others. Reads each document once. */
export class CallCircles {
  readonly #context: CliContext;
  readonly #documents = new Map<string, Workflow | undefined>();

  constructor(context: CliContext) {
    this.#context = context;
  }

  /** What is wrong with a document that leads back to itself: a warning if conditions may end that, else an error. */
  async check(found: WorkflowFile, workflow: Workflow, registry: NodeRegistry): Promise<Issue[]> {
    const { path, filename, source } = found;
    if (path === undefined || !hasFileCalls(workflow)) return [];
    this.#documents.set(path, workflow);
    const endless = await this.#findCircle(path, filename, registry, true);
    const circle = endless ?? await this.#findCircle(path, filename, registry, false);
    if (circle === undefined) return [];
    return await locateIssues(source, [describeCircle(circle, endless !== undefined)], { filename });
  }

  /** Looks also at what the document leads to in any case. @throws {WorkflowError} if it would call without end */
  async refuseEndless(found: WorkflowFile, workflow: Workflow, registry: NodeRegistry): Promise<void> {
    const { path, filename, source } = found;
    if (path === undefined || !hasFileCalls(workflow)) return;
    this.#documents.set(path, workflow);
    for (const [start, { file }] of await this.#reach(path, filename, registry)) {
      const circle = await this.#findCircle(start, file, registry, true);
      if (circle === undefined) continue;
      const issue = describeCircle(circle, true);
      const issues = start === path ? await locateIssues(source, [issue], { filename }) : [{ ...issue, file }];
      throw new WorkflowError("invalid_workflow", issues);
    }
  }

  /** The documents that are called in any case, this one included, by their absolute paths. */
  async #reach(path: string, file: string, registry: NodeRegistry): Promise<Map<string, Caller>> {
    const reached = new Map([[path, await this.#read(path, file, registry)]]);
    for (const { calls } of reached.values()) {
      for (const call of calls) {
        if (!call.isCertain || reached.has(call.path)) continue;
        reached.set(call.path, await this.#read(call.path, call.file, registry));
      }
    }
    return reached;
  }

  /** The shortest way of calls from a document back to itself. */
  async #findCircle(
    path: string,
    file: string,
    registry: NodeRegistry,
    onlyCertain: boolean,
  ): Promise<Call[] | undefined> {
    const ways = new Map<string, { file: string; calls: Call[] }>([[path, { file, calls: [] }]]);
    for (const [from, way] of ways) {
      for (const call of (await this.#read(from, way.file, registry)).calls) {
        if (onlyCertain && !call.isCertain) continue;
        const calls = [...way.calls, call];
        if (call.path === path) return calls;
        if (!ways.has(call.path)) ways.set(call.path, { file: call.file, calls });
      }
    }
    return undefined;
  }

  async #read(path: string, file: string, registry: NodeRegistry): Promise<Caller> {
    if (!this.#documents.has(path)) this.#documents.set(path, await readQuietly(this.#context, file));
    const workflow = this.#documents.get(path);
    if (workflow === undefined) return { file, calls: [] };
    const sure = findCertainNodes(workflow, registry);
    const calls = (await listFileCalls(workflow, file)).map(({ node, place, file }): Call => ({
      place: [...place],
      file,
      path: resolvePath(this.#context, file),
      isCertain: sure.has(node),
    }));
    return { file, calls };
  }
}

/** The nodes that run in any case, failures aside: neither they nor nodes before them are conditional. */
function findCertainNodes(workflow: Workflow, registry: NodeRegistry): Set<NodeSpec> {
  const { nodes, settings: { on_success = [], on_exit = [] } } = workflow;
  const found = new Set([...on_success, ...on_exit].filter((node) => !isConditional(node)));
  const graph = buildWholeGraph(workflow);
  const leadsOn = (index: number) => {
    const node = nodes[index];
    return node !== undefined && found.has(node) && registry.get(node.node_type)?.routes === false;
  };
  for (const index of graph.order) {
    const node = nodes[index];
    if (node === undefined || isConditional(node)) continue;
    if (node.run_if === "always" || graph.predecessors(index).every(leadsOn)) found.add(node);
  }
  return found;
}

function isConditional({ when, run_if, map }: NodeSpec): boolean {
  const mayBeEmpty = map !== undefined && (typeof map.items === "string" || map.items.length === 0);
  return (when !== undefined && when !== true) || run_if === "failure" || run_if === "skipped" || mayBeEmpty;
}

function describeCircle(circle: readonly Call[], isEndless: boolean): Issue {
  const names = circle.map(({ file }) => file);
  const way = [names.at(-1), ...names].join(" -> ");
  const place = circle[0]?.place ?? [];
  return {
    severity: isEndless ? "error" : "warning",
    code: "circular_call",
    message: isEndless
      ? `Workflow calls itself without end: ${way}`
      : `Workflow calls itself: ${way}: only a condition on the way ends that`,
    hint: isEndless
      ? "Call another workflow there, or give the node a when that ends it."
      : "Check that the condition ends it before calls are nested 16 deep.",
    path: [...place, "config", "file"],
  };
}
