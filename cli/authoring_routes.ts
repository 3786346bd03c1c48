import { buildCommand } from "@stricli/core";
import type { ConvertFlags } from "./commands/convert.ts";
import type { FmtFlags } from "./commands/fmt.ts";
import { debugFlag, examples, lazily, type ProgramContext, switchFlag, textFlag } from "./route.ts";

/** `flow fmt`. */
export const fmt = buildCommand<FmtFlags, string[], ProgramContext>({
  loader: lazily(async () => (await import("./commands/fmt.ts")).formatFiles),
  parameters: {
    flags: {
      check: switchFlag("Only name the files that are not formatted, and end with 3 if there are some"),
      ...debugFlag,
    },
    positional: {
      kind: "array",
      minimum: 1,
      parameter: { brief: "JSON or YAML documents; - is stdin to stdout", parse: String, placeholder: "FILE" },
    },
  },
  docs: {
    brief: "Format documents, comments and all",
    fullDescription:
      "Writes JSON and YAML documents in one way: spaces, line breaks and empty lines. Comments, the order" +
      " of keys and all values stay as they are." + examples(
        "flow fmt workflow.yaml workflows/*.json",
        "flow fmt --check workflows/*.yaml",
        "flow fmt - < workflow.json",
      ),
  },
});

/** `flow convert`. */
export const convert = buildCommand<ConvertFlags, [string], ProgramContext>({
  loader: lazily(async () => (await import("./commands/convert.ts")).convertFile),
  parameters: {
    flags: {
      to: {
        kind: "enum",
        values: ["json", "jsonc", "yaml"],
        optional: true,
        brief: "The format to write (default: by the extension of --output)",
      },
      output: textFlag("Where to write it (default: stdout)", "FILE"),
      tagged: switchFlag("Write values with their types, as flowengine does"),
      force: switchFlag("Overwrite the file if it exists"),
      ...debugFlag,
    },
    aliases: { o: "output" },
    positional: {
      kind: "tuple",
      parameters: [{ brief: "Workflow: JSON, YAML or TypeScript", parse: String, placeholder: "FILE" }],
    },
  },
  docs: {
    brief: "Write a document in another format",
    fullDescription: "Converts documents between JSON, JSON with comments, and YAML, with their comments; also what a" +
      " TypeScript module exports. Values with types become plain ones, or the other way round with --tagged." +
      examples(
        "flow convert workflow.json --to yaml > workflow.yaml",
        "flow convert workflow.ts --output workflow.json",
        "flow convert workflow.yaml --to json --tagged",
      ),
  },
});
