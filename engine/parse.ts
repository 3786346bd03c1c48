import { type Issue, IssueList, type Path, WorkflowError } from "./issue.ts";
import { readDraft } from "./draft.ts";
import { isWorkflowDocument, loadLanguageOf } from "./language.ts";
import { checkDraft } from "./prepare.ts";
import { isPlainObject, showValue } from "./plain.ts";
import type { NodeRegistry } from "./registry.ts";
import { openSource } from "./read_source.ts";
import type { SourceDocument } from "./source.ts";
import { isTagged } from "./tagged.ts";
import type { Workflow } from "./workflow.ts";

/** How a document is read. */
export interface ParseOptions {
  /** Node types to check against; without it only the document's own shape is checked. */
  registry?: NodeRegistry;
  /** Shown in issues; its extension tells the format. */
  filename?: string;
  /** Default: by the filename's extension, else by the text. JSON may have comments. */
  format?: "json" | "yaml";
  /** What a workflow is called that has neither a name nor an id. Default: its id, a UUID. */
  defaultName?: string;
}

/** What is to be said about a document. */
export interface CheckedDocument {
  /** Undefined if there is an error among the issues. */
  readonly workflow: Workflow | undefined;
  /** Errors and warnings, in the order of the document. */
  readonly issues: readonly Issue[];
  /** Whether the text could not even be read as JSON or YAML. */
  readonly isUnreadable: boolean;
}

/**
 * Reads a workflow: a text (JSON, JSON with comments, or YAML), its bytes, or data of the same shape.
 *
 * ```ts
 * import { builtinNodes, NodeRegistry, parseWorkflow } from "flowengine";
 *
 * const registry = new NodeRegistry(builtinNodes());
 * const workflow = await parseWorkflow('{ "nodes": [{ "id": "a", "node_type": "debug.log" }] }', { registry });
 * console.log(workflow.nodes[0]?.id);
 * ```
 *
 * @throws {WorkflowError} with every problem at once: `invalid_document` if the text cannot be read, else
 * `invalid_workflow`.
 */
export async function parseWorkflow(source: unknown, options: ParseOptions = {}): Promise<Workflow> {
  const document = await check(source, options);
  if (document.workflow !== undefined) return document.workflow;
  throw new WorkflowError(document.isUnreadable ? "invalid_document" : "invalid_workflow", document.issues);
}

/**
 * Like {@link parseWorkflow}, but never throws, and answers warnings too.
 *
 * ```ts
 * import { checkDocument } from "flowengine";
 *
 * const { workflow, issues } = await checkDocument("nodes: [{ id: a }]", { format: "yaml" });
 * for (const { line, message } of issues) console.log(line, message);
 * console.log(workflow === undefined);
 * ```
 */
export function checkDocument(source: unknown, options: ParseOptions = {}): Promise<CheckedDocument> {
  return check(source, options);
}

/** Problems that were found elsewhere, by the keys and indexes of their paths, with their places in the document. */
export async function locateIssues(
  source: unknown,
  issues: readonly Issue[],
  options: ParseOptions = {},
): Promise<Issue[]> {
  return inFile(placeIssues(issues, await openSource(source, options)), options);
}

async function check(source: unknown, options: ParseOptions): Promise<CheckedDocument> {
  const document = await openSource(source, options);
  const unreadable = document.issues.some((issue) => issue.severity === "error");
  if (unreadable) return { workflow: undefined, issues: inFile(document.issues, options), isUnreadable: true };
  const list = new IssueList();
  const workflow = await readWorkflow(document.raw, options.registry, list);
  const issues = list.isEmpty ? [...document.issues] : [...document.issues, ...placeIssues(list.toArray(), document)];
  if (list.hasErrors) return { workflow: undefined, issues: inFile(issues, options), isUnreadable: false };
  if (workflow !== undefined && isNameless(document.raw)) workflow.name = options.defaultName ?? workflow.name;
  return { workflow, issues: inFile(issues, options), isUnreadable: false };
}

function isNameless(raw: unknown): boolean {
  return isPlainObject(raw) && (raw.id ?? raw.name ?? undefined) === undefined;
}

async function readWorkflow(
  raw: unknown,
  registry: NodeRegistry | undefined,
  issues: IssueList,
): Promise<Workflow | undefined> {
  if (isPlainObject(raw)) {
    const draft = readDraft(raw, issues);
    await loadLanguageOf(draft.workflow);
    checkDraft(draft, registry, issues);
    for (const { path, document } of innerDocuments(draft.workflow)) {
      await readWorkflow(document, registry, issues.placedBy((inner) => [...path, ...inner]));
    }
    return draft.workflow;
  }
  issues.error(
    "wrong_type",
    [],
    () => `Document is ${showValue(raw)}, expected an object`,
    () => 'Start with {"nodes": [...]}.',
  );
  return undefined;
}

/** Workflows that stand in the configs of nodes. */
function innerDocuments({ nodes }: Workflow): { path: Path; document: unknown }[] {
  return nodes.flatMap(({ config }, index) =>
    Object.entries(config).flatMap(([key, value]) =>
      isPlainObject(value) && isWorkflowDocument(value)
        ? [{ path: ["nodes", index, "config", key], document: value }]
        : []
    )
  );
}

function placeIssues(issues: readonly Issue[], document: SourceDocument): Issue[] {
  const placed = issues.map((issue) => ({ ...issue, path: throughTags(document.raw, issue.path) }));
  const positions = document.locate(placed.map(({ path, code }) => ({ path, key: code === "unknown_key" })));
  return placed.map((issue, index) => issue.code === "too_many_issues" ? issue : { ...issue, ...positions[index] });
}

function inFile(issues: readonly Issue[], { filename }: ParseOptions): Issue[] {
  const named = filename === undefined ? [...issues] : issues.map((issue) => ({ ...issue, file: filename }));
  return named.sort((a, b) => (a.line ?? Infinity) - (b.line ?? Infinity) || (a.column ?? 0) - (b.column ?? 0) || 0);
}

/** Where `path` leads in a document whose values may be tagged: the checks saw only what is inside of the tags. */
function throughTags(raw: unknown, path: Path): (string | number)[] {
  const full: (string | number)[] = [];
  let value = raw;
  const values = path[0] === "nodes" ? 2 : 3;
  const isConfig = (path[0] === "nodes" || path[0] === "settings") && ["config", "inputs"].includes(`${path[values]}`);
  const step = (part: string | number) => {
    full.push(part);
    value = typeof value === "object" && value !== null ? (value as Record<string | number, unknown>)[part] : undefined;
  };
  for (const [index, part] of path.entries()) {
    // Problems of the tags themselves come with the whole path.
    if (isConfig && index > values + 1 && isTagged(value) && part !== "value") step("value");
    step(part);
  }
  return full;
}
