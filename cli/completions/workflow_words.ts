import { isPlainObject } from "../../engine/plain.ts";
import { openSource } from "../../engine/read_source.ts";
import type { CliContext } from "../context.ts";
import { isModule, resolvePath } from "../workflow_file.ts";
import type { SourceValue } from "./sources.ts";

/** Reading more would take longer than people wait for a completion. */
const MAX_BYTES = 1024 * 1024;
const MAX_VALUES = 500;

/** The nodes of a document, which need not be valid. Modules are not run for this. */
export async function listNodesOfFile(cli: CliContext, filename: string): Promise<readonly SourceValue[]> {
  const { nodes } = await readDocument(cli, filename);
  if (!Array.isArray(nodes)) return [];
  return nodes.slice(0, MAX_VALUES).flatMap((node) =>
    isPlainObject(node) && typeof node["id"] === "string"
      ? [{ value: node["id"], description: String(node["node_type"] ?? "") }]
      : []
  );
}

/** What a document wants to be given, as the beginning of `key=value`. */
export async function listDeclaredInputs(cli: CliContext, filename: string): Promise<readonly SourceValue[]> {
  const { inputs } = await readDocument(cli, filename);
  if (!isPlainObject(inputs)) return [];
  return Object.entries(inputs).slice(0, MAX_VALUES).map(([name, input]) => {
    const { description, type } = isPlainObject(input) ? input : {};
    return { value: `${name}=`, description: String(description ?? type ?? "") };
  });
}

async function readDocument(cli: CliContext, filename: string): Promise<Readonly<Record<string, unknown>>> {
  const path = resolvePath(cli, filename);
  const stat = await cli.platform.stat(path);
  // Reading a pipe or a device might never end.
  if (!stat?.isFile || isModule(filename)) return {};
  const { raw } = await openSource(await cli.platform.readFile(path, MAX_BYTES), { filename });
  return isPlainObject(raw) ? raw : {};
}
