import { FlowError } from "../engine/errors.ts";
import type { NodeDefinition } from "../engine/node.ts";
import { MAX_DOCUMENT_BYTES } from "../engine/read_source.ts";
import type { CliContext } from "./context.ts";
import { importUserModule } from "./user_module.ts";

/** A workflow as a file holds it, not yet checked. */
export interface WorkflowFile {
  /** As the user wrote it; issues start with it. */
  readonly filename: string;
  /** Text in bytes, or the data that a module exports. */
  readonly source: unknown;
  /** Absolute path; undefined for stdin. */
  readonly path?: string;
  /** Node types that come with the workflow. */
  readonly nodes: readonly NodeDefinition[];
}

/** How modules are loaded. */
export interface LoadOptions {
  /** Again, if they have been loaded before. */
  readonly anew?: boolean | undefined;
}

/** How workflows are read. */
export interface ReadOptions extends LoadOptions {
  /** A workflow names it, so it may be no pipe: reading that might never end. */
  readonly isCalled?: boolean | undefined;
}

const MODULE_NAME = /\.[cm]?[jt]s$/;

/** Whether node types come from an installed package, such as `npm:my-nodes`. */
export function isPackage(name: string): boolean {
  return name.startsWith("npm:");
}

/** Whether a file is code, not a document. */
export function isModule(filename: string): boolean {
  return MODULE_NAME.test(filename);
}

/**
 * Reads a workflow from a file, from stdin (`-`), or from a TypeScript module that exports it as `workflow` or as its
 * default, and maybe node types as `nodes`.
 *
 * @throws {FlowError} `not_found`, `invalid_argument`, `invalid_document`, `unavailable`
 */
export async function readWorkflowFile(
  context: CliContext,
  filename: string,
  { anew, isCalled = false }: ReadOptions = {},
): Promise<WorkflowFile> {
  const { platform } = context;
  if (filename === "-" && !isCalled) {
    return { filename: "stdin", source: await platform.readStdin(MAX_DOCUMENT_BYTES), nodes: [] };
  }
  const path = resolvePath(context, filename);
  await checkFile(context, filename, path, isCalled);
  if (!isModule(filename)) {
    return { filename, source: await platform.readFile(path, MAX_DOCUMENT_BYTES), path, nodes: [] };
  }
  const loaded = await importUserModule(context, filename, path, { anew });
  const source = workflowOf(loaded);
  if (source === undefined) {
    throw new FlowError("invalid_document", `Cannot use "${filename}": it exports no workflow`, {
      hint: 'Write "export const workflow = { ... }" in it.',
    });
  }
  return { filename, source: documentOf(source), path, nodes: checkNodes(filename, nodesOf(loaded)) };
}

/**
 * The node types of modules, or of installed packages (`npm:NAME`), that export them as `nodes`.
 *
 * @throws {FlowError} `not_found`, `invalid_argument`, `invalid_document`
 */
export async function loadNodeFiles(
  context: CliContext,
  filenames: readonly string[] = [],
  { anew }: LoadOptions = {},
): Promise<NodeDefinition[]> {
  const found: NodeDefinition[] = [];
  for (const filename of filenames) {
    const path = isPackage(filename)
      ? await (await import("./package_module.ts")).findPackageModule(context, filename)
      : resolvePath(context, filename);
    await checkFile(context, filename, path);
    checkIsCode(filename);
    const loaded = await importUserModule(context, filename, path, { anew });
    if (loaded.nodes === undefined && typesOf(workflowOf(loaded)) === undefined) {
      throw new FlowError("invalid_document", `Cannot use "${filename}": it exports no node types`, {
        hint: 'Write "export const nodes = [defineNode({ ... })]" in it.',
      });
    }
    found.push(...checkNodes(filename, nodesOf(loaded)));
  }
  return found;
}

/** An absolute path, without `.` and `..`. */
export function resolvePath({ platform }: CliContext, path: string): string {
  if (platform.os === "windows") return /^([A-Za-z]:)?[\\/]/.test(path) ? path : `${platform.cwd()}\\${path}`;
  const parts: string[] = [];
  for (const part of (path.startsWith("/") ? path : `${platform.cwd()}/${path}`).split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

async function checkFile(
  { platform }: CliContext,
  filename: string,
  path: string,
  isCalled = false,
): Promise<void> {
  if (filename.includes("\0")) {
    throw new FlowError("invalid_argument", "Cannot read a file with a NUL byte in its name");
  }
  const stat = await platform.stat(path);
  if (stat === undefined) {
    throw new FlowError("not_found", `Cannot read "${filename}": there is no such file`, {
      hint: 'Check the path, or write a first workflow with "flow init".',
    });
  }
  if (stat.isDirectory) {
    throw new FlowError("invalid_argument", `Cannot read "${filename}": it is a folder`, {
      hint: "Give the path of a workflow file.",
    });
  }
  if (stat.isDevice || (isCalled && !stat.isFile)) {
    const kind = stat.isDevice ? "device" : "pipe";
    throw new FlowError("invalid_argument", `Cannot read "${filename}": it is a ${kind}, not a file`, {
      hint: "Give the path of a workflow file.",
    });
  }
}

function checkIsCode(filename: string): void {
  if (!/\.(jsonc?|ya?ml)$/i.test(filename)) return;
  throw new FlowError("invalid_argument", `Cannot use "${filename}": it is a document, not a module with node types`, {
    hint: 'Name a .ts, .js or .mjs file that exports them as "nodes".',
  });
}

function workflowOf(loaded: Record<string, unknown>): unknown {
  return loaded.workflow ?? loaded.default;
}

/** A workflow that was built in TypeScript turns itself into its document. */
function documentOf(source: unknown): unknown {
  if (typeof source !== "object" || source === null || !("toJSON" in source)) return source;
  return typeof source.toJSON === "function" ? source.toJSON() : source;
}

/** The node types that such a workflow brings along. */
function typesOf(workflow: unknown): unknown[] | undefined {
  if (typeof workflow !== "object" || workflow === null || !("nodeTypes" in workflow)) return undefined;
  return Array.isArray(workflow.nodeTypes) ? workflow.nodeTypes : undefined;
}

/** The node types that a module exports, and those that its workflow is made of; most are both. */
function nodesOf(loaded: Record<string, unknown>): unknown {
  const { nodes = [] } = loaded;
  if (!Array.isArray(nodes)) return nodes;
  return [...new Set([...nodes, ...typesOf(workflowOf(loaded)) ?? []])];
}

function checkNodes(filename: string, nodes: unknown): NodeDefinition[] {
  if (Array.isArray(nodes) && nodes.every(isNodeDefinition)) return nodes;
  throw new FlowError("invalid_document", `Cannot use "${filename}": its "nodes" are no node types`, {
    hint: 'Write "export const nodes = [defineNode({ ... })]" in it.',
  });
}

function isNodeDefinition(node: unknown): node is NodeDefinition {
  return (typeof node === "object" || typeof node === "function") && node !== null && "type" in node &&
    typeof node.type === "string" &&
    "run" in node && typeof node.run === "function" && "config" in node && "inputs" in node && "outputs" in node;
}
