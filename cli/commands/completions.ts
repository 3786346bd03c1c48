import { FlowError } from "../../engine/errors.ts";
import { didYouMean, quoteList } from "../../engine/suggest.ts";
import { success } from "../../server/outcome.ts";
import { completionScripts } from "../completions/scripts.ts";
import type { CliContext, CommonFlags } from "../context.ts";

/** Flags of `flow completions`. */
export type CompletionsFlags = CommonFlags;

/** `flow completions`: a script that a shell reads when it starts. */
export function printCompletions({ out }: CliContext, _flags: CompletionsFlags, shell: string): number {
  const script = completionScripts.get(shell);
  if (script === undefined) {
    const shells = [...completionScripts.keys()];
    throw new FlowError("invalid_argument", `Cannot complete in "${shell}": there is no script for it`, {
      hint: didYouMean(shell, shells, "shells") ?? `Use one of ${quoteList(shells)}.`,
    });
  }
  out.write(script);
  return success.exit_code;
}
