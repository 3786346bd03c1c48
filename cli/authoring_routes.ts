import { buildCommand } from "@stricli/core";
import type { ConvertFlags } from "./commands/convert.ts";
import type { DevFlags } from "./commands/dev.ts";
import type { FmtFlags } from "./commands/fmt.ts";
import type { TestFlags } from "./commands/test_workflows.ts";
import {
  debugFlag,
  examples,
  jsonFlag,
  lazily,
  nodesFlag,
  parseText,
  type ProgramContext,
  setFlag,
  storeFlags,
  switchFlag,
  textFlag,
  timeoutFlag,
} from "./route.ts";

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
      parameter: { brief: "JSON or YAML documents; - is stdin to stdout", parse: parseText, placeholder: "FILE" },
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
      parameters: [{ brief: "Workflow: JSON, YAML or TypeScript", parse: parseText, placeholder: "FILE" }],
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

/** `flow test`. */
export const test = buildCommand<TestFlags, string[], ProgramContext>({
  loader: lazily(async () => (await import("./commands/test_workflows.ts")).testWorkflows),
  parameters: {
    flags: {
      filter: textFlag("Only tests with this in their name; /.../ is a regular expression", "TEXT"),
      reporter: {
        kind: "enum",
        values: ["text", "json", "junit"],
        optional: true,
        brief: "How to report: text (default), json, or junit, the XML that CI servers read",
      },
      ...jsonFlag,
      coverage: switchFlag("Say which nodes never ran, and which ways were never taken"),
      ...nodesFlag,
      ...debugFlag,
    },
    positional: {
      kind: "array",
      parameter: {
        brief: "Test files, or folders with *.test.yaml in them (default: this one)",
        parse: parseText,
        placeholder: "FILE",
      },
    },
  },
  docs: {
    brief: "Run the tests of workflows",
    fullDescription:
      "Runs workflows as test files say: with given inputs, mocked nodes and a fake clock, and compares what" +
      " happens with what is expected. Ends with 3 if a test fails." + examples(
        "flow test",
        "flow test workflow.test.yaml --filter 'large orders'",
        "flow test workflows/ --coverage",
        "flow test --reporter junit > results.xml",
      ),
  },
});

/** `flow dev`. */
export const dev = buildCommand<DevFlags, [string], ProgramContext>({
  loader: lazily(async () => (await import("./commands/dev.ts")).developWorkflow),
  parameters: {
    flags: {
      input: textFlag("Inputs: a JSON object, @FILE, or - for stdin", "JSON"),
      ...setFlag,
      watch: {
        kind: "parsed",
        parse: parseText,
        variadic: true,
        optional: true,
        placeholder: "PATH",
        brief: "A file or folder that nodes depend on: when it changes, all of them run again",
      },
      verbose: switchFlag("Show every line that nodes print"),
      ...timeoutFlag,
      noStore: switchFlag("Keep no history"),
      noCache: switchFlag("Run nodes with `cache` anew"),
      ...storeFlags,
      ...nodesFlag,
      ...debugFlag,
    },
    aliases: { i: "input", s: "set", v: "verbose", t: "timeout" },
    positional: {
      kind: "tuple",
      parameters: [{ brief: "Workflow: JSON, YAML or TypeScript", parse: parseText, placeholder: "FILE" }],
    },
  },
  docs: {
    brief: "Run a workflow whenever it changes",
    fullDescription:
      "Runs a workflow, watches its file, and runs again what has changed with all that is behind it; the" +
      " rest is reused. Problems are shown, and do not end it: Ctrl-C does." + examples(
        "flow dev workflow.yaml",
        "flow dev workflow.yaml --input @inputs.json --watch scripts/",
        "flow dev workflow.ts --no-store",
      ),
  },
});
