import { success } from "../../server/outcome.ts";
import { propose } from "../completions/propose.ts";
import { routes } from "../routes.ts";
import type { CliContext, CommonFlags } from "../context.ts";

/** Flags of `flow complete`. */
export interface CompleteFlags extends CommonFlags {
  /** The last word is complete, and an empty one follows; not every shell can hand over empty arguments. */
  readonly next?: boolean | undefined;
}

/**
 * `flow complete`: what fits a command line that is being typed. The first line says what kind it is: `:values`, with
 * one value and its description per further line, or `:files` and the extensions that fit. Never fails.
 */
export async function complete(context: CliContext, flags: CompleteFlags, ...words: string[]): Promise<number> {
  const proposal = await propose(context, routes, flags.next ? [...words, ""] : words).catch(() => undefined);
  if (proposal === undefined) return success.exit_code;
  const { files, values } = proposal;
  const lines = values.map(({ value, description }) => `${value}\t${toLine(description)}`);
  const kind = files === undefined ? ":values" : [":files", ...files].join(" ");
  context.out.write(`${[kind, ...lines].join("\n")}\n`);
  return success.exit_code;
}

/** Tabs and line breaks mean something to the shell. */
function toLine(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replaceAll(/[\u0000-\u001f\u007f]+/g, " ");
}
