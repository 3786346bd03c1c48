import { workflowJsonSchema } from "../../engine/schema.ts";
import { success } from "../../server/outcome.ts";
import type { CliContext, CommonFlags } from "../context.ts";
import { openRegistry } from "../open_engine.ts";
import { loadNodeFiles } from "../workflow_file.ts";

/** Flags of `flow schema`. */
export interface SchemaFlags extends CommonFlags {
  /** Of test files. */
  readonly tests?: boolean | undefined;
  readonly nodes?: readonly string[] | undefined;
}

/** `flow schema`: what editors need to know of workflow documents. */
export async function printSchema(context: CliContext, flags: SchemaFlags): Promise<number> {
  if (flags.tests) {
    const { testJsonSchema } = await import("../testing/test_schema.ts");
    context.out.write(`${JSON.stringify(testJsonSchema(), null, 2)}\n`);
    return success.exit_code;
  }
  const registry = openRegistry(context.platform, await loadNodeFiles(context, flags.nodes));
  context.out.write(`${JSON.stringify(workflowJsonSchema(registry), null, 2)}\n`);
  return success.exit_code;
}
