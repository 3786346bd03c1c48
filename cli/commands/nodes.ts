import { FlowError } from "../../engine/errors.ts";
import { didYouMean } from "../../engine/suggest.ts";
import { describeNodeType } from "../../server/node_description.ts";
import { success } from "../../server/outcome.ts";
import type { CliContext, CommonFlags } from "../context.ts";
import { openRegistry } from "../open_engine.ts";
import { formatNodeTable, formatNodeType } from "../render/node_type.ts";
import { loadNodeFiles } from "../workflow_file.ts";

/** Flags of `flow nodes`. */
export interface NodesFlags extends CommonFlags {
  readonly json?: boolean | undefined;
  readonly nodes?: readonly string[] | undefined;
}

/** `flow nodes`: the node types, or one of them in full. */
export async function showNodes(context: CliContext, flags: NodesFlags, type?: string): Promise<number> {
  const { platform, out, outStyle } = context;
  const registry = openRegistry(platform, await loadNodeFiles(context, flags.nodes));
  const columns = (out.isTerminal ? platform.terminalSize()?.columns : undefined) ?? Infinity;
  if (type === undefined) {
    const definitions = registry.list();
    out.write(flags.json ? toJson(definitions.map(describeNodeType)) : formatNodeTable(definitions, outStyle, columns));
    return success.exit_code;
  }
  const definition = registry.get(type);
  if (definition === undefined) {
    throw new FlowError("not_found", `Cannot show node type "${type}": there is no such type`, {
      hint: didYouMean(type, registry.types(), "types") ?? 'Run "flow nodes" to see all of them.',
    });
  }
  out.write(flags.json ? toJson(describeNodeType(definition)) : formatNodeType(definition, outStyle, columns));
  return success.exit_code;
}

function toJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
