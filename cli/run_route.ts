import { buildCommand } from "@stricli/core";
import type { RunFlags } from "./commands/run.ts";
import {
  debugFlag,
  examples,
  lazily,
  nodesFlag,
  parseText,
  type ProgramContext,
  serverFlags,
  setFlag,
  storeFlags,
  switchFlag,
  textFlag,
  timeoutFlag,
  watchFlags,
} from "./route.ts";

/** `flow run`. */
export const run = buildCommand<RunFlags, [string?], ProgramContext>({
  loader: lazily(async () => (await import("./commands/run.ts")).runWorkflow),
  parameters: {
    flags: {
      file: textFlag("The workflow, in place of the argument", "FILE"),
      input: textFlag("Inputs: a JSON object, @FILE, or - for stdin", "JSON"),
      ...setFlag,
      ...watchFlags,
      ...timeoutFlag,
      dryRun: switchFlag("Only say what would happen: nothing runs, nothing is stored"),
      noStore: switchFlag("Keep no history"),
      noCache: switchFlag("Run nodes with `cache` anew"),
      ...serverFlags,
      ...storeFlags,
      ...nodesFlag,
      ...debugFlag,
    },
    aliases: { f: "file", i: "input", s: "set", v: "verbose", q: "quiet", t: "timeout" },
    positional: {
      kind: "tuple",
      parameters: [{
        brief: "Workflow: JSON, YAML or TypeScript",
        parse: parseText,
        placeholder: "FILE",
        optional: true,
      }],
    },
  },
  docs: {
    brief: "Run a workflow",
    customUsage: ["FILE [options]", "--file FILE [options]"],
    fullDescription: "Runs a workflow and shows what happens. The outputs of its last nodes go to stdout, all else to" +
      " stderr." + examples(
        "flow run workflow.yaml",
        "flow run workflow.yaml --set name=Ann --set count=3",
        'flow run workflow.yaml --input \'{"name": "Ann"}\' > result.json',
        "flow run workflow.yaml --input @inputs.json --timeout 5m",
        "flow run workflow.yaml --json | jq -r .type",
        "flow run workflow.yaml --set name=Ann --dry-run",
        "flow run workflow.ts --nodes my_nodes.ts",
        "flow run workflow.yaml --server http://build.example.com:3000",
      ),
  },
});
