import { buildCommand } from "@stricli/core";
import type { CompleteFlags } from "./commands/complete.ts";
import type { CompletionsFlags } from "./commands/completions.ts";
import type { CommonFlags } from "./context.ts";
import { debugFlag, examples, lazily, type ProgramContext, switchFlag } from "./route.ts";

/** `flow completions`. */
export const completions = buildCommand<CompletionsFlags, [string], ProgramContext>({
  loader: lazily(async () => (await import("./commands/completions.ts")).printCompletions),
  parameters: {
    flags: { ...debugFlag },
    positional: {
      kind: "tuple",
      parameters: [{ brief: "bash, zsh, fish or powershell", parse: String, placeholder: "SHELL" }],
    },
  },
  docs: {
    brief: "Print what makes a shell complete commands, flags and values",
    fullDescription: "Prints a script for your shell that completes commands, flags and values: workflow files, node" +
      " types, the newest executions, the nodes of one." + examples(
        "source <(flow completions bash)                       # in ~/.bashrc",
        "source <(flow completions zsh)                        # in ~/.zshrc",
        "flow completions fish | source                        # in ~/.config/fish/config.fish",
        "flow completions powershell | Out-String | Invoke-Expression    # in $PROFILE",
      ),
  },
});

/** `flow man`. */
export const man = buildCommand<CommonFlags, [], ProgramContext>({
  loader: lazily(async () => (await import("./commands/man.ts")).printManPage),
  parameters: { flags: { ...debugFlag } },
  docs: {
    brief: "Print the manual page",
    fullDescription: "Prints the manual page flow(1), with all commands and their flags, for the program man." +
      examples("flow man | man -l -", "flow man > /usr/local/share/man/man1/flow.1"),
  },
});

/** `flow complete`: what those scripts call. */
export const complete = buildCommand<CompleteFlags, string[], ProgramContext>({
  loader: lazily(async () => (await import("./commands/complete.ts")).complete),
  parameters: {
    flags: { next: switchFlag("A new word is to be begun"), ...debugFlag },
    positional: {
      kind: "array",
      parameter: { brief: "Words behind flow; the last one is to be completed", parse: String, placeholder: "WORD" },
    },
  },
  docs: { brief: "Propose words for a command line" },
});
