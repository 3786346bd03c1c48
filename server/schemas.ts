import * as z from "zod";

/** What requests and answers look like. Those with an id are components of the OpenAPI document. */

/** Values by name. */
export const valuesSchema = z.record(z.string(), z.unknown()).meta({
  id: "Values",
  description: 'Values by name: plain JSON, bytes as {"$bytes": "<base64>"}. Requests may tag values with their type.',
  type: "object",
});

/** Where in a document something is wrong, and what. */
export const issueSchema = z.object({
  severity: z.enum(["error", "warning"]),
  code: z.string(),
  message: z.string(),
  hint: z.string().optional(),
  path: z.array(z.union([z.string(), z.number()])),
  line: z.int().optional().describe("From 1"),
  column: z.int().optional().describe("From 1"),
}).meta({ id: "Issue" });

/** How every error is answered. */
export const errorSchema = z.object({
  error: z.string().describe("What failed, and why"),
  code: z.string().describe("For programs, such as not_found"),
  hint: z.string().optional().describe("What to do about it"),
  issues: z.array(issueSchema).optional().describe("All problems of an invalid workflow"),
}).meta({ id: "Error" });

const errorInfoSchema = z.object({
  code: z.string(),
  message: z.string(),
  hint: z.string().optional(),
  details: z.record(z.string(), z.unknown()).optional(),
}).meta({ id: "ErrorInfo" });

const finalStatus = z.enum(["succeeded", "failed", "cancelled"]);

/** What lists show of an execution. */
export const executionSummarySchema = z.object({
  execution_id: z.string(),
  workflow_id: z.string(),
  workflow_name: z.string(),
  status: z.enum(["running", "interrupted", "succeeded", "failed", "cancelled"]),
  created_at: z.iso.datetime(),
  ended_at: z.iso.datetime().optional(),
  duration_ms: z.number().optional(),
  error: errorInfoSchema.optional(),
  source: z.string().optional().describe("File that it was started from"),
  rerun_of: z.string().optional().describe("The execution whose outputs it reuses"),
  called_by: z.object({ execution_id: z.string(), node_id: z.string(), index: z.int().optional(), depth: z.int() })
    .optional().describe("The node that started it; none for those that people start"),
  last_seq: z.int().describe("Seq of the newest event"),
  owner: z.string().optional().describe("Process that drives it, or drove it last"),
}).meta({ id: "ExecutionSummary" });

const nodeStatus = z.enum([
  "waiting",
  "running",
  "retrying",
  "succeeded",
  "failed",
  "cancelled",
  "skipped",
  "interrupted",
]);

/** What became of one node. */
export const executionNodeSchema = z.object({
  node_id: z.string(),
  node_type: z.string(),
  name: z.string().optional(),
  status: nodeStatus,
  attempt: z.int().describe("The newest attempt; 0 before the first"),
  duration_ms: z.number().optional(),
  error: errorInfoSchema.optional(),
  because: z.object({ reason: z.string(), node_id: z.string().optional() }).optional().describe("Why it was skipped"),
  tolerated: z.literal(true).optional(),
  cached: z.literal(true).optional(),
  reused_from: z.string().optional(),
  repetitions: z.int().optional().describe("How often a node with repeat has run"),
  items: z.object({
    count: z.int(),
    succeeded: z.int(),
    failed: z.int(),
    errors: z.array(z.object({ index: z.int(), error: errorInfoSchema })),
  }).optional().describe("Of a node with map"),
  handler: z.string().optional().describe("The handler that it belongs to"),
}).meta({ id: "ExecutionNode" });

/** An execution with its nodes and values. */
export const executionSchema = executionSummarySchema.extend({
  inputs: z.unknown(),
  nodes: z.array(executionNodeSchema),
  outputs: z.unknown().describe("The declared outputs by name, else those of the last nodes by node id"),
  workflow: z.unknown().optional().describe("The document, with include=workflow"),
  queued: z.object({
    position: z.int().describe("From 1: its place among all that wait"),
    reason: z.string().describe("Why it does not run yet, for people"),
  }).optional().describe("While it waits until it may run"),
}).meta({ id: "Execution" });

/** How an execution ended. */
export const resultSchema = z.object({
  execution_id: z.string(),
  completed_nodes: z.int().describe("Nodes that succeeded"),
  total_nodes: z.int(),
  status: finalStatus,
  outputs: z.unknown().describe("The declared outputs by name, else those of the last nodes by node id"),
}).meta({ id: "Result" });

/** Executions, the newest first. */
export const executionListSchema = z.object({
  executions: z.array(executionSummarySchema),
  next_cursor: z.string().optional().describe("For the next page; none on the last"),
}).meta({ id: "ExecutionList" });

/** Who waits, and why. */
export const queueSchema = z.object({
  running: z.int().describe("Executions that run; those that nodes have called do not count"),
  waiting: z.int().describe("Executions that wait until they may run"),
  executions: z.array(z.object({
    execution_id: z.string(),
    workflow_id: z.string(),
    position: z.int().describe("From 1"),
    reason: z.string().describe("For people"),
  })).describe("The first of those that wait, in their order"),
}).meta({ id: "Queue" });

/** What a rerun would do. */
export const rerunPlanSchema = z.object({
  execution_id: z.string().describe("The execution that would be rerun"),
  inputs: z.unknown(),
  nodes: z.array(z.object({
    node_id: z.string(),
    action: z.enum(["run", "reuse", "skip"]),
    why: z.string(),
    because: z.object({ reason: z.string(), node_id: z.string().optional() }).optional(),
  })),
}).meta({ id: "RerunPlan" });

/** What nodes have told, in order. */
export const logPageSchema = z.object({
  lines: z.array(z.object({
    seq: z.int(),
    timestamp: z.iso.datetime(),
    node_id: z.string(),
    event: z.looseObject({
      event_type: z.string().describe("Info, Warning, Progress, Data, StdoutLine or StderrLine"),
    }),
  })),
  next_after: z.int().optional().describe("For the next page; none on the last"),
}).meta({ id: "LogPage" });

/** Why an execution went as it did. */
export const explanationSchema = z.looseObject({}).meta({ id: "Explanation" });

/** Who changed what. */
export const auditPageSchema = z.object({
  entries: z.array(z.object({
    id: z.int(),
    at: z.iso.datetime(),
    actor: z.string().describe("Name of the token"),
    role: z.enum(["viewer", "operator", "admin"]),
    address: z.string(),
    action: z.string().describe("Method and path"),
    status: z.int().describe("HTTP status of the answer"),
    request_id: z.string(),
  })),
}).meta({ id: "AuditPage" });

/** A workflow in a list; `nodes` and `connections` are how many there are. */
export const workflowSummarySchema = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string().nullable(),
  nodes: z.int(),
  connections: z.int(),
}).meta({ id: "WorkflowSummary" });

/** What has been done to a workflow. */
export const workflowSavedSchema = z.object({ id: z.string(), message: z.string() }).meta({ id: "WorkflowSaved" });

/** What has been done. */
export const messageSchema = z.object({ message: z.string() }).meta({ id: "Message" });

const jsonSchema = z.record(z.string(), z.unknown()).describe("A JSON Schema");

/** A node type. */
export const nodeTypeSchema = z.object({
  type: z.string(),
  version: z.int(),
  description: z.string(),
  category: z.string(),
  config: jsonSchema,
  inputs: jsonSchema,
  outputs: jsonSchema,
}).meta({ id: "NodeType" });

/** An execution that has been started. */
export const startedSchema = z.object({ execution_id: z.string() }).meta({ id: "Started" });

/** Whether an answer waits for the end. */
export const waitSchema = z.enum(["true", "false"]);

/** Which form values have in an answer. */
export const valuesForm = z.enum(["plain", "tagged"]).default("plain").describe(
  'tagged: each value with its type, as flowengine writes it: {"type": "Number", "value": 21}',
);

/** A JSON answer for a route's `responses`. */
export function jsonAnswer<T extends z.ZodType>(description: string, schema: T) {
  return { description, content: { "application/json": { schema } } };
}

/** The errors that any route may answer. */
export const errorAnswers = {
  default: jsonAnswer("What went wrong", errorSchema),
};

/** What is answered where an execution is started or ended, and the client may wait for its end. */
export const startedAnswers = {
  200: jsonAnswer("With wait=true: how it ended", resultSchema),
  202: jsonAnswer("It has begun", startedSchema),
  ...errorAnswers,
};
