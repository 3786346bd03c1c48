import { buildCommand } from "@stricli/core";
import type { GraphFlags } from "./commands/graph.ts";
import type { InitFlags } from "./commands/init.ts";
import type { NodesFlags } from "./commands/nodes.ts";
import type { RerunFlags } from "./commands/rerun.ts";
import type { ResumeFlags } from "./commands/resume.ts";
import type { SchemaFlags } from "./commands/schema.ts";
import type { ValidateFlags } from "./commands/validate.ts";
import { convert, dev, fmt, test } from "./authoring_routes.ts";
import { complete, completions, man } from "./shell_routes.ts";
import { cache, doctor, executions, explain } from "./history_routes.ts";
import {
  debugFlag,
  examples,
  executionArgument,
  jsonFlag,
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
import { run } from "./run_route.ts";
import { secrets } from "./secrets_routes.ts";
import { audit, serve, tokens } from "./server_routes.ts";
import { upgrade } from "./upgrade_route.ts";

const resume = buildCommand<ResumeFlags, [string], ProgramContext>({
  loader: lazily(async () => (await import("./commands/resume.ts")).resumeExecution),
  parameters: {
    flags: { ...watchFlags, ...serverFlags, ...storeFlags, ...nodesFlag, ...debugFlag },
    aliases: { v: "verbose", q: "quiet" },
    positional: executionArgument,
  },
  docs: {
    brief: "Go on with an interrupted execution",
    fullDescription: "Goes on with an execution whose process has died: what has completed stays, what was cut off" +
      " runs again." + examples("flow resume 019ab3c4-5d6e", "flow resume last"),
  },
});

const rerun = buildCommand<RerunFlags, [string], ProgramContext>({
  loader: lazily(async () => (await import("./commands/rerun.ts")).rerunExecution),
  parameters: {
    flags: {
      from: textFlag("Run this node and everything behind it", "NODE"),
      only: textFlag("Run this node alone", "NODE"),
      with: textFlag("Use this version of the workflow", "FILE"),
      input: textFlag("Other inputs: a JSON object, @FILE, or - for stdin", "JSON"),
      ...setFlag,
      dryRun: switchFlag("Only say what would run, what would be reused, and why"),
      ...watchFlags,
      ...timeoutFlag,
      noCache: switchFlag("Run nodes with `cache` anew"),
      ...serverFlags,
      ...storeFlags,
      ...nodesFlag,
      ...debugFlag,
    },
    aliases: { i: "input", s: "set", v: "verbose", q: "quiet", t: "timeout" },
    positional: executionArgument,
  },
  docs: {
    brief: "Run an execution again, from where it went wrong",
    fullDescription: "Starts a new execution that reuses the outputs of an earlier one. What runs again: what did not" +
      " succeed, what has changed, what you name, and everything behind these." + examples(
        "flow rerun last",
        "flow rerun last --from parse --with fixed.yaml",
        "flow rerun 019ab3c4-5d6e --only report --set title=Again",
        "flow rerun last --from parse --dry-run",
      ),
  },
});

const validate = buildCommand<ValidateFlags, string[], ProgramContext>({
  loader: lazily(async () => (await import("./commands/validate.ts")).validateWorkflows),
  parameters: {
    flags: { ...jsonFlag, ...nodesFlag, ...debugFlag },
    positional: {
      kind: "array",
      minimum: 1,
      parameter: { brief: "Workflows to check", parse: parseText, placeholder: "FILE" },
    },
  },
  docs: {
    brief: "Find every problem of workflows without running them",
    fullDescription: "Checks workflows and lists all problems as file:line:column, with what to do about each." +
      examples("flow validate workflow.yaml", "flow validate workflows/*.json --json"),
  },
});

const nodes = buildCommand<NodesFlags, [string?], ProgramContext>({
  loader: lazily(async () => (await import("./commands/nodes.ts")).showNodes),
  parameters: {
    flags: { ...jsonFlag, ...nodesFlag, ...debugFlag },
    positional: {
      kind: "tuple",
      parameters: [{ brief: "Node type, such as http.request", parse: parseText, placeholder: "TYPE", optional: true }],
    },
  },
  docs: {
    brief: "List the node types, or show what one takes and gives",
    customUsage: ["[options]", "TYPE [options]"],
    fullDescription: "Lists the node types; of a given type, shows its configuration, inputs and outputs." +
      examples("flow nodes", "flow nodes http.request", "flow nodes --json", "flow nodes my.node --nodes my_nodes.ts"),
  },
});

const init = buildCommand<InitFlags, [], ProgramContext>({
  loader: lazily(async () => (await import("./commands/init.ts")).initWorkflow),
  parameters: {
    flags: {
      output: textFlag("Where to write it (default: workflow.yaml, or as the template needs)", "FILE"),
      template: textFlag("hello (default), parallel, retry or typescript", "NAME"),
      force: switchFlag("Overwrite the file if it exists"),
      ...debugFlag,
    },
    aliases: { o: "output", t: "template" },
  },
  docs: {
    brief: "Write a first workflow to a file",
    customUsage: ["[options]"],
    fullDescription: "Writes a small workflow that runs as it is, to start from." +
      examples("flow init", "flow init --template parallel --output build.yaml", "flow init --output hello.json"),
  },
});

const schema = buildCommand<SchemaFlags, [], ProgramContext>({
  loader: lazily(async () => (await import("./commands/schema.ts")).printSchema),
  parameters: { flags: { tests: switchFlag("The schema of test files"), ...nodesFlag, ...debugFlag } },
  docs: {
    brief: "Print the JSON Schema of workflows, for editors",
    fullDescription:
      "Prints the JSON Schema of workflow documents. Editors that know it complete and check as you type." +
      examples("flow schema > workflow.schema.json", "flow schema --tests > test.schema.json"),
  },
});

const graph = buildCommand<GraphFlags, [string], ProgramContext>({
  loader: lazily(async () => (await import("./commands/graph.ts")).drawGraph),
  parameters: {
    flags: {
      format: {
        kind: "enum",
        values: ["ascii", "mermaid", "dot", "svg"],
        default: "ascii",
        brief: "How to draw it",
      },
      ...debugFlag,
    },
    positional: { kind: "tuple", parameters: [{ brief: "Workflow to draw", parse: parseText, placeholder: "FILE" }] },
  },
  docs: {
    brief: "Draw a workflow",
    fullDescription: "Draws a workflow as text, for Mermaid or Graphviz, or as an SVG picture." +
      examples(
        "flow graph workflow.yaml",
        "flow graph workflow.yaml --format svg > workflow.svg",
        "flow graph workflow.yaml --format dot | dot -Tpng > workflow.png",
      ),
  },
});

/** All commands, in the order that help lists them. */
export const routes = {
  run,
  resume,
  rerun,
  executions,
  explain,
  cache,
  secrets,
  validate,
  test,
  dev,
  nodes,
  init,
  fmt,
  convert,
  schema,
  graph,
  serve,
  tokens,
  audit,
  doctor,
  completions,
  man,
  complete,
  upgrade,
};
