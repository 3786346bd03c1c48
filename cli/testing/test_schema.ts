import * as z from "zod";
import { errorCodes } from "../../engine/errors.ts";
import type { EventBody, SkipReason } from "../../engine/events.ts";
import { lazy } from "../../engine/lazy.ts";

/** The shape of test files. Unknown keys are found by `checkKeys`; `x-...` and `$schema` are the author's own. */

const values = () => z.record(z.string(), z.unknown());
const texts = () => z.record(z.string(), z.string({ error: "expected text" }));
const milliseconds = () => z.number().min(0);
const code = () => z.enum(errorCodes as [string, ...string[]], { error: "there is no such error code" });

const logLine = lazy(() =>
  z.union([z.string(), z.object({ message: z.string(), level: z.enum(["info", "warning"]).default("info") })], {
    error: "expected text, or an object with a message",
  })
);

const shared = {
  outputs: () => values().optional().describe("What it answers, by port"),
  passthrough: () => z.boolean().optional().describe("It answers its inputs"),
  error: () => mockErrorSchema().optional().describe("It fails"),
  delay_ms: () => milliseconds().optional().describe("How long it takes, on the fake clock"),
  log: () => z.array(logLine()).optional().describe("What it logs"),
  stdout: () => z.array(z.string()).optional().describe("Lines that it prints"),
  stderr: () => z.array(z.string()).optional().describe("Lines that it prints to stderr"),
};

const mockErrorSchema = lazy(() =>
  z.object({
    code: code().default("node_failed"),
    message: z.string().default("Mocked failure"),
    retryable: z.boolean().optional().describe("Default: by code"),
    details: values().optional().describe("Facts such as exit_code"),
  })
);

/** What one attempt of a mocked node does. */
export const attemptSchema = lazy(() =>
  z.object({
    outputs: shared.outputs(),
    passthrough: shared.passthrough(),
    error: shared.error(),
    delay_ms: shared.delay_ms(),
    log: shared.log(),
    stdout: shared.stdout(),
    stderr: shared.stderr(),
  })
);

const attempts = () =>
  z.array(attemptSchema()).min(1).optional().describe(
    "What each attempt does, in order; the last one counts for all that follow",
  );

/** What a mocked node does for one item of its map. */
export const itemSchema = lazy(() => z.object({ ...attemptSchema().shape, attempts: attempts() }));

/** What a mocked node does. */
export const mockSchema = lazy(() =>
  z.object({
    ...itemSchema().shape,
    items: z.array(itemSchema()).min(1).optional().describe(
      "Of a node with map: what it does for each item, in order; the last one counts for all that follow",
    ),
  })
);

/** What every test of a file has, or one has besides. */
const setupShape = lazy(() => ({
  inputs: values().optional().describe("Inputs of the execution"),
  env: texts().optional().describe("Environment variables for expressions; there are no others"),
  secrets: texts().optional().describe("Secrets for expressions; there are no others"),
  mocks: z.record(z.string(), mockSchema()).optional().describe("Mocks by node id"),
  mock_types: z.record(z.string(), mockSchema()).optional().describe("Mocks by node type"),
  real: z.array(z.string()).optional().describe("Ids of nodes that really run"),
  real_types: z.array(z.string()).optional().describe("Node types that really run"),
  unmocked: z.enum(["error", "real"]).optional().describe("What becomes of all other nodes; default error"),
  now: z.iso.datetime({ offset: true }).optional().describe("When the fake clock starts; default 2026-01-01T00:00:00Z"),
  timeout_ms: z.int().min(1).optional().describe("Real time that a test may take; default 60000"),
}));

const expectedErrorSchema = lazy(() =>
  z.object({
    code: code().optional(),
    message: z.unknown().optional().describe("The text, or {$match: pattern}"),
  })
);

/** What is expected of a node. */
export const nodeExpectationSchema = lazy(() =>
  z.object({
    status: z.enum(["succeeded", "failed", "cancelled", "skipped", "waiting"]).optional(),
    attempts: z.int().min(0).optional().describe("How often it was tried"),
    runs: z.int().min(0).optional().describe("How often it ran, over all attempts, items and repetitions"),
    delays_ms: z.array(milliseconds()).optional().describe("How long each retry waited"),
    because: z.string().optional().describe("Why it was skipped, such as condition or node_failed"),
    error: expectedErrorSchema().optional(),
    outputs: values().optional().describe("All that it answered"),
    outputs_contain: values().optional().describe("Part of what it answered"),
    inputs: values().optional().describe("All that its last attempt got as inputs"),
    inputs_contain: values().optional().describe("Part of that"),
    config: values().optional().describe("The whole config of its last attempt, evaluated, with defaults"),
    config_contain: values().optional().describe("Part of that"),
    log: z.array(z.unknown()).optional().describe("What it logged and printed, line by line"),
  })
);

/** What is expected of an execution. */
export const expectationSchema = lazy(() =>
  z.object({
    status: z.enum(["succeeded", "failed", "cancelled", "refused"]).default("succeeded").describe(
      "How it ends; refused: it does not even start",
    ),
    error: expectedErrorSchema().optional(),
    outputs: values().optional().describe("All outputs"),
    outputs_contain: values().optional().describe("Part of the outputs"),
    nodes: z.record(z.string(), nodeExpectationSchema()).optional().describe("What becomes of nodes, by id"),
    events: z.array(z.string()).optional().describe(
      'Events in this order, maybe with others between: "NodeStarted fetch"',
    ),
    duration_ms: milliseconds().optional().describe("How long it took on the fake clock"),
  })
);

/** One test. */
export const testSchema = lazy(() =>
  z.object({
    name: z.string().min(1, { error: "expected text that is not empty" }).describe("What it shows, as a sentence"),
    ...setupShape(),
    expect: expectationSchema().optional(),
  })
);

/** A test file. */
export const testFileSchema = lazy(() =>
  z.object({
    workflow: z.union([z.string().min(1), values()], { error: "expected the path of a workflow, or a workflow" })
      .describe("The workflow: its path from this file, or the document itself"),
    description: z.string().optional(),
    nodes: z.array(z.string()).optional().describe("TypeScript modules with node types, as paths from this file"),
    ...setupShape(),
    tests: z.array(testSchema()).min(1, { error: "expected at least one test" }),
  })
);

/** A mock as it was checked. */
export type Mock = z.output<ReturnType<typeof mockSchema>>;
/** What one attempt of it does. */
export type MockAttempt = z.output<ReturnType<typeof attemptSchema>>;
/** What it does for one item. */
export type MockItem = z.output<ReturnType<typeof itemSchema>>;
/** What is expected of an execution. */
export type Expectation = z.output<ReturnType<typeof expectationSchema>>;
/** What is expected of a node. */
export type NodeExpectation = z.output<ReturnType<typeof nodeExpectationSchema>>;
/** One test, as it was checked. */
export type TestSpec = z.output<ReturnType<typeof testSchema>>;
/** A test file, as it was checked. */
export type TestFile = z.output<ReturnType<typeof testFileSchema>>;

/** What tests and test files both say of how they run. */
export type Setup = Omit<TestSpec, "name" | "expect">;

/** The events that can be expected; what nodes tell is expected with `log`. */
export const EVENT_TYPES: readonly string[] = [
  "WorkflowStarted",
  "WorkflowRetrying",
  "WorkflowCancelling",
  "WorkflowFinishing",
  "WorkflowCompleted",
  "NodeStarted",
  "NodeExpanded",
  "NodeRepeating",
  "NodeRetrying",
  "NodeCompleted",
  "NodeFailed",
  "NodeSkipped",
] satisfies EventBody["type"][];

/** Why a node can be skipped. */
export const SKIP_REASONS: readonly string[] = [
  "node_failed",
  "node_cancelled",
  "execution_cancelled",
  "execution_timeout",
  "not_selected",
  "run_if",
  "condition",
  "no_value",
] satisfies SkipReason["reason"][];

/** The JSON Schema of test files, for editors. */
export function testJsonSchema(): Record<string, unknown> {
  const { $schema: dialect, ...schema } = z.toJSONSchema(testFileSchema(), {
    io: "input",
    unrepresentable: "any",
    override: ({ jsonSchema }) => {
      if (jsonSchema.type !== "object" || jsonSchema.properties === undefined) return;
      jsonSchema.additionalProperties = false;
      jsonSchema.patternProperties = { "^x-": {} };
    },
  });
  const properties = { $schema: { type: "string" }, ...schema.properties };
  return { $schema: dialect, title: "Tests of a workflow", ...schema, properties };
}
