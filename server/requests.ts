import * as z from "zod";
import { valuesSchema } from "./schemas.ts";

/** The bodies and parameters that several routes take. */

/** How an execution is started. */
const startOptions = {
  inputs: valuesSchema.optional(),
  verbose: z.boolean().optional().describe("Whether nodes put out every line"),
  timeout_ms: z.int().min(1).optional().describe("In place of settings.max_execution_time_ms"),
  no_cache: z.boolean().optional().describe("Run nodes with cache anew"),
};

const inlineWorkflow = z.unknown().optional().describe("An inline document: an object, or its text in JSON or YAML");

/** What `POST /api/workflows/{id}/execute` takes. */
export const executeRequestSchema = z.strictObject(startOptions).meta({ id: "ExecuteRequest" });

/** What `POST /api/executions` takes. */
export const startRequestSchema = z.strictObject({
  workflow_id: z.string().optional().describe("A saved workflow"),
  workflow: inlineWorkflow,
  until: z.string().optional().describe("Run only this node and what it depends on"),
  ...startOptions,
}).meta({ id: "StartRequest" });

/** What `POST /api/executions/{id}/rerun` takes. */
export const rerunRequestSchema = z.strictObject({
  from: z.string().optional().describe("Run this node and everything behind it"),
  only: z.string().optional().describe("Run this node alone"),
  workflow: inlineWorkflow,
  ...startOptions,
}).meta({ id: "RerunRequest" });

/** What `POST /api/executions/{id}/cancel` takes. */
export const cancelRequestSchema = z.strictObject({
  reason: z.string().max(1000).optional().describe("Why, for the history"),
}).meta({ id: "CancelRequest" });

/** The id in a path. */
export const idParameter = z.object({ id: z.string() });

/** Makes a request with the same key and the same body the same execution. */
export const idempotencyHeader = z.object({
  "idempotency-key": z.string().min(1).max(200).optional().describe(
    "Requests with the same key and the same body start one execution; kept for a day",
  ),
});

/** A JSON body for a route's `request`. */
export function jsonBody<T extends z.ZodType>(schema: T, required = true) {
  return { required, content: { "application/json": { schema } } };
}
