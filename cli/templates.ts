import { FlowError } from "../engine/errors.ts";

/** A workflow to start from. */
export interface Template {
  readonly summary: string;
  /** Where it is written by default. */
  readonly filename: string;
  /** YAML, or TypeScript if `filename` says so. */
  readonly text: string;
}

const hello = `# Run it with: flow run workflow.yaml --set name=Ann
id: hello
name: Hello
inputs:
  name: { type: string, default: world, description: Who is greeted }
nodes:
  - id: greet
    node_type: shell.exec
    config:
      command: echo
      args: ["Hello, \${{ inputs.name }}!"]
  - id: log
    node_type: debug.log
connections:
  - { from_node: greet, from_port: output, to_node: log, to_port: message }
`;

const parallel = `# Three checks at the same time, then a report. Try: flow graph workflow.yaml
id: parallel
name: Checks in parallel
nodes:
  - id: prepare
    node_type: shell.exec
    config: { command: echo, args: [ready] }
  - id: lint
    node_type: shell.exec
    config: { command: "sleep 0.3; echo no complaints", shell: true }
  - id: unit_tests
    node_type: shell.exec
    config:
      command: for i in 1 2 3; do echo "test $i ok"; sleep 0.2; done
      shell: true
      stream_output: true
  - id: build
    node_type: shell.exec
    config: { command: "sleep 0.5; echo built", shell: true }
  - id: report
    node_type: debug.log
connections:
  - { from_node: prepare, from_port: output, to_node: lint, to_port: stdin }
  - { from_node: prepare, from_port: output, to_node: unit_tests, to_port: stdin }
  - { from_node: prepare, from_port: output, to_node: build, to_port: stdin }
  - { from_node: lint, from_port: output, to_node: report, to_port: lint }
  - { from_node: unit_tests, from_port: output, to_node: report, to_port: tests }
  - { from_node: build, from_port: output, to_node: report, to_port: build }
settings:
  max_parallel_nodes: 3
  on_error: ContinueOnError # a check that fails does not keep the others from running
`;

const retry = `# A command that fails twice, and works at the third attempt.
id: retry
name: Retry with backoff
nodes:
  - id: flaky
    node_type: shell.exec
    config:
      command: |
        echo "attempt $FLOW_ATTEMPT"
        test "$FLOW_ATTEMPT" -ge 3
      shell: true
      stream_output: true
    timeout_ms: 10000 # of each attempt
    retry_policy:
      max_attempts: 5
      delay_ms: 200 # 200 ms, 400 ms, 800 ms ...
      backoff_multiplier: 2
  - id: log
    node_type: debug.log
connections:
  - { from_node: flaky, from_port: output, to_node: log, to_port: message }
`;

const typescript = `// A workflow is data: build it with the means of a programming language.
const regions = ["north", "south", "east", "west"];

export const workflow = {
  id: "regions",
  name: "Count per region",
  nodes: [
    ...regions.map((region, index) => ({
      id: \`count_\${region}\`,
      node_type: "shell.exec",
      config: { command: "echo", args: [String(10 * (index + 1))] },
    })),
    { id: "log", node_type: "debug.log" },
  ],
  connections: regions.map((region) => ({
    from_node: \`count_\${region}\`,
    from_port: "output",
    to_node: "log",
    to_port: region,
  })),
};
`;

/** By name, the default one first. */
export const templates: ReadonlyMap<string, Template> = new Map([
  ["hello", { summary: "two nodes, the second gets what the first puts out", filename: "workflow.yaml", text: hello }],
  ["parallel", { summary: "nodes that run at the same time", filename: "workflow.yaml", text: parallel }],
  ["retry", { summary: "a node that fails twice before it works", filename: "workflow.yaml", text: retry }],
  ["typescript", { summary: "a workflow that a program builds", filename: "workflow.ts", text: typescript }],
]);

/**
 * The text of a template in the format that the name of its file asks for.
 *
 * @throws {FlowError} `invalid_argument` if there is no such format of it
 */
export async function formatTemplate(template: Template, filename: string): Promise<string> {
  const isModule = template.filename.endsWith(".ts");
  if (isModule === /\.[cm]?ts$/.test(filename)) {
    if (isModule || !/\.jsonc?$/.test(filename)) return template.text.replaceAll("workflow.yaml", filename);
    const { parse } = await import("yaml");
    return `${JSON.stringify(parse(template.text), null, 2)}\n`;
  }
  throw new FlowError(
    "invalid_argument",
    `Cannot write this template to "${filename}": it is ${isModule ? "TypeScript" : "YAML or JSON"}`,
    {
      hint: isModule ? "Choose a name that ends with .ts." : "Choose a name that ends with .yaml or .json.",
    },
  );
}
