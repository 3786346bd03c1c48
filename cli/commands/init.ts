import { FlowError } from "../../engine/errors.ts";
import { didYouMean } from "../../engine/suggest.ts";
import { success } from "../../server/outcome.ts";
import type { CliContext, CommonFlags } from "../context.ts";
import { formatTemplate, templates } from "../templates.ts";

/** Flags of `flow init`. */
export interface InitFlags extends CommonFlags {
  readonly output?: string | undefined;
  readonly template?: string | undefined;
  readonly force?: boolean | undefined;
}

/** `flow init`: writes a workflow to start from. */
export async function initWorkflow(context: CliContext, flags: InitFlags): Promise<number> {
  const { err, errStyle } = context;
  const name = flags.template ?? "hello";
  const template = templates.get(name);
  if (template === undefined) {
    throw new FlowError("not_found", `Cannot use template "${name}": there is no such template`, {
      hint: didYouMean(name, [...templates.keys()], "templates"),
    });
  }
  const output = flags.output ?? template.filename;
  if (output === "-") {
    throw new FlowError("invalid_argument", "Cannot write a workflow to stdout", {
      hint: "Name a file with --output, or ./- for one that is called so.",
    });
  }
  const text = await formatTemplate(template, output);
  await write(context, output, text, flags.force ?? false);
  err.write(
    `${errStyle.green("Wrote")} ${output}: ${template.summary}\nRun it with: flow run ${quoteForShell(output)}\n`,
  );
  return success.exit_code;
}

async function write({ platform }: CliContext, path: string, text: string, isForced: boolean): Promise<void> {
  try {
    await platform.writeFile(path, text, { createNew: !isForced });
  } catch (error) {
    if (!(error instanceof FlowError) || error.code !== "conflict") throw error;
    throw new FlowError("conflict", `Cannot write "${path}": it exists already`, {
      hint: "Use --force to overwrite it, or --output to write elsewhere.",
      cause: error,
    });
  }
}

function quoteForShell(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
