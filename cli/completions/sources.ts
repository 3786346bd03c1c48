import { executionArgument } from "../route.ts";
import type { CliContext } from "../context.ts";
import { listExecutionIds, listNodeIds } from "./history.ts";
import { listDeclaredInputs, listNodesOfFile } from "./workflow_words.ts";

/** A word, and what it stands for. */
export interface SourceValue {
  readonly value: string;
  readonly description: string;
}

/** Where the words for a parameter come from: the shell's own files, by extension, or a list. */
export type Source = { readonly files: readonly string[] } | {
  readonly list: (partial: string) => Promise<readonly SourceValue[]>;
};

/** Of a parameter, as far as it matters here. */
interface Parameter {
  readonly placeholder?: string;
}

const WORKFLOW_FILES = ["json", "jsonc", "yaml", "yml", "ts", "mts", "js", "mjs"];
const MODULE_FILES = ["ts", "mts", "js", "mjs"];
const DOCUMENT_FILES = ["json", "jsonc", "yaml", "yml"];

/** By the name of a flag, of a positional parameter's placeholder, or `execution`. */
export function createSources(cli: CliContext, words: readonly string[]): Readonly<Record<string, Source>> {
  const executions: Source = { list: () => listExecutionIds(cli, words) };
  const nodeIds: Source = { list: () => listNodes(cli, words) };
  const nodeTypes: Source = { list: () => listNodeTypes(cli) };
  const workflow: Source = { files: words[0] === "fmt" ? DOCUMENT_FILES : WORKFLOW_FILES };
  return {
    execution: executions,
    calledBy: executions,
    from: nodeIds,
    only: nodeIds,
    node: nodeIds,
    type: nodeTypes,
    TYPE: nodeTypes,
    FILE: workflow,
    file: workflow,
    with: workflow,
    nodes: { files: MODULE_FILES },
    set: { list: (partial) => listInputs(cli, words, partial) },
    template: { list: listTemplates },
    SHELL: { list: listShells },
  };
}

/** Where the words for a parameter come from; `name` is a flag's. */
export function findSource(
  sources: Readonly<Record<string, Source>>,
  parameter: Parameter,
  name?: string,
): Source | undefined {
  if (parameter === executionArgument.parameters[0]) return sources["execution"];
  const { placeholder = "" } = parameter;
  const named = sources[name ?? placeholder];
  const takesFile = name !== undefined && ["FILE", "PATH", "FOLDER"].includes(placeholder);
  return named ?? (takesFile ? { files: [] } : undefined);
}

/** Those of `--with FILE`, if it is given; else those of the execution. */
async function listNodes(cli: CliContext, words: readonly string[]): Promise<readonly SourceValue[]> {
  const file = flagValue(words, "--with");
  return file === undefined ? await listNodeIds(cli, words) : await listNodesOfFile(cli, file);
}

async function listInputs(cli: CliContext, words: readonly string[], partial: string): Promise<readonly SourceValue[]> {
  if (partial.includes("=")) return [];
  const file = flagValue(words, "--file", "-f", "--with") ??
    words.slice(1, -1).find((word) => !word.startsWith("-") && /\.(jsonc?|ya?ml)$/.test(word));
  return file === undefined ? [] : await listDeclaredInputs(cli, file);
}

async function listNodeTypes({ platform }: CliContext): Promise<readonly SourceValue[]> {
  const { createBuiltinNodes } = await import("../../nodes/mod.ts");
  return createBuiltinNodes(platform).map(({ type, summary }) => ({ value: type, description: summary }));
}

async function listTemplates(): Promise<readonly SourceValue[]> {
  const { templates } = await import("../templates.ts");
  return [...templates].map(([value, { summary }]) => ({ value, description: summary }));
}

async function listShells(): Promise<readonly SourceValue[]> {
  const { completionScripts } = await import("./scripts.ts");
  return [...completionScripts.keys()].map((value) => ({ value, description: `a script for ${value}` }));
}

/** What stands behind one of these flags, before the word that is being typed. */
export function flagValue(words: readonly string[], ...flags: readonly string[]): string | undefined {
  const typed = words.slice(0, -1);
  for (const [index, word] of typed.entries()) {
    if (flags.includes(word)) return typed[index + 1];
    const flag = flags.find((it) => word.startsWith(`${it}=`));
    if (flag !== undefined) return word.slice(flag.length + 1);
  }
  return undefined;
}
