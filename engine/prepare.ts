import type { Draft } from "./draft.ts";
import type { HandlerName } from "./events.ts";
import type { CompiledConfig } from "./expression_config.ts";
import { buildGraph, type Graph } from "./graph.ts";
import { checkHandlers, handlerAsWorkflow, handlersOf } from "./handlers.ts";
import { formatPath, IssueList, type Path } from "./issue.ts";
import { expressionReader } from "./language.ts";
import { listNamedOutputs } from "./named_outputs.ts";
import type { NodeDefinition } from "./node.ts";
import type { NodeRegistry } from "./registry.ts";
import type { SecretGuard } from "./secret_guard.ts";
import { checkHandlerInputs, checkPorts, requiredPorts } from "./check_ports.ts";
import { type Broken, type CheckedNode, checkNodes, checkStructure, NOTHING_BROKEN } from "./validate.ts";
import type { NodeSpec, Workflow } from "./workflow.ts";
import type { NodeExpressions, WorkflowExpressions } from "./workflow_expressions.ts";

/** A node with its implementation and its parsed config. */
export interface PreparedNode {
  /** As the document has it. */
  readonly spec: NodeSpec;
  /** What runs. */
  readonly definition: NodeDefinition;
  /** As the definition's schema parsed it, defaults filled in; unknown before an attempt if there are expressions. */
  readonly config: unknown;
  /** The inputs without which the node cannot run. */
  readonly required: readonly string[];
  /**
   * Compiled, if it has some.
   *
   * @internal
   */
  readonly expressions?: NodeExpressions | undefined;
  /** Of a node with `map`: the outputs that the workflow uses. */
  readonly namedOutputs?: ReadonlySet<string> | undefined;
}

/** A workflow that is known to fit a registry; `nodes` is in the order of `workflow.nodes` and of the graph's indexes. */
export interface PreparedWorkflow {
  readonly workflow: Workflow;
  readonly graph: Graph;
  readonly nodes: readonly PreparedNode[];
  /** The declared outputs, if there are some. */
  readonly outputs: CompiledConfig | undefined;
  /** Indexes of the nodes that the declared outputs and the handlers refer to. */
  readonly pinned: readonly number[];
  /** Its handlers, in the order in which they run. */
  readonly handlers: ReadonlyMap<HandlerName, PreparedWorkflow>;
  /** What its configs use, once it is about to run; never stored. */
  readonly secrets?: SecretGuard | undefined;
}

/**
 * Checks a workflow against the node types and makes it ready to run. {@link loadLanguageOf} comes first.
 *
 * @throws {WorkflowError} `invalid_workflow` with every problem at once.
 */
export function prepareWorkflow(workflow: Workflow, registry: NodeRegistry): PreparedWorkflow {
  const issues = new IssueList();
  const { main, handlers } = checkWorkflow(workflow, registry, issues);
  issues.throwIfErrors();
  const named = listNamedOutputs([main, ...handlers.values()]);
  const prepared = [...handlers].map(([name, part]) => [name, toPreparedWorkflow(part, [], new Map(), named)] as const);
  const referenced = [...handlers.values()].flatMap(({ expressions }) => expressions?.referenced ?? []);
  return toPreparedWorkflow(main, referenced, new Map(prepared), named);
}

/** Adds to `issues` all that keeps the sound part of a document from running. */
export function checkDraft(draft: Draft, registry: NodeRegistry | undefined, issues: IssueList): void {
  checkWorkflow(draft.workflow, registry, issues, draft);
}

/** A list of nodes with what checking it has found out. */
interface CheckedPart {
  readonly part: Workflow;
  readonly graph: Graph;
  readonly expressions: WorkflowExpressions | undefined;
  readonly checked: readonly CheckedNode[];
}

interface CheckedWorkflow {
  readonly main: CheckedPart;
  readonly handlers: ReadonlyMap<HandlerName, CheckedPart>;
}

function checkWorkflow(
  workflow: Workflow,
  registry: NodeRegistry | undefined,
  issues: IssueList,
  draft?: Draft,
): CheckedWorkflow {
  const main = checkPart(workflow, workflow, registry, issues, brokenIn(draft, ["nodes"], workflow.nodes.length));
  const handlers = new Map<HandlerName, CheckedPart>();
  for (const name of handlersOf(workflow)) {
    const base = ["settings", name];
    const part = handlerAsWorkflow(workflow, name);
    const placed = issues.placedBy((path) => path[0] === "nodes" ? [...base, ...path.slice(1)] : path);
    const checked = checkPart(part, workflow, registry, placed, brokenIn(draft, base, part.nodes.length));
    checkHandlerInputs(part, checked.checked, placed);
    handlers.set(name, checked);
  }
  checkHandlers(workflow, issues);
  return { main, handlers };
}

/** What of a draft is broken in the list of nodes at `base`. */
function brokenIn(draft: Draft | undefined, base: Path, count: number): Broken {
  if (draft === undefined) return NOTHING_BROKEN;
  const { brokenConfigs, brokenConnections } = draft;
  if (brokenConfigs.size === 0) return { brokenConfigs: new Set(), brokenConnections };
  const indexes = Array.from({ length: count }, (_, index) => index);
  const broken = indexes.filter((index) => brokenConfigs.has(formatPath([...base, index])));
  return { brokenConfigs: new Set(broken), brokenConnections };
}

function checkPart(
  part: Workflow,
  whole: Workflow,
  registry: NodeRegistry | undefined,
  issues: IssueList,
  broken: Broken,
): CheckedPart {
  const reader = expressionReader(part);
  const expressions = reader?.readExpressions(part, broken.brokenConfigs);
  const graph = buildGraph(expressions === undefined ? part : { ...part, dependencies: expressions.dependencies });
  checkStructure(part, graph, issues, broken);
  if (expressions !== undefined) reader?.checkExpressions(part, whole, registry, expressions, issues);
  if (registry === undefined) return { part, graph, expressions, checked: [] };
  const checked = checkNodes(part, registry, expressions?.nodes ?? [], issues, broken);
  checkPorts(part, graph, checked, issues, broken);
  return { part, graph, expressions, checked };
}

function toPreparedWorkflow(
  { part, graph, expressions, checked }: CheckedPart,
  referenced: readonly string[],
  handlers: PreparedWorkflow["handlers"],
  named: ReadonlyMap<string, ReadonlySet<string>>,
): PreparedWorkflow {
  const nodes = part.nodes.flatMap((spec, index) => {
    return toPrepared(spec, checked[index], expressions?.nodes[index], named.get(spec.id));
  });
  const ids = new Set([...expressions?.pinned ?? [], ...referenced]);
  const pinned = [...ids].map((id) => graph.indexOf(id)).filter((index) => index >= 0);
  return { workflow: part, graph, nodes, outputs: expressions?.outputs, pinned, handlers };
}

function toPrepared(
  spec: NodeSpec,
  node: CheckedNode | undefined,
  expressions: NodeExpressions | undefined,
  namedOutputs: ReadonlySet<string> | undefined,
): PreparedNode[] {
  const { definition, config } = node ?? {};
  if (definition === undefined) return [];
  const ports = requiredPorts(definition.inputs);
  const { inputs } = spec;
  const required = inputs === undefined ? ports : ports.filter((port) => !Object.hasOwn(inputs, port));
  return [{ spec, definition, config, required, expressions, namedOutputs }];
}

/** The workflow with another limit for its time, if there is one. */
export function limitTime(workflow: Workflow, limitMs: number | undefined): Workflow {
  if (limitMs === undefined) return workflow;
  return { ...workflow, settings: { ...workflow.settings, max_execution_time_ms: limitMs } };
}
