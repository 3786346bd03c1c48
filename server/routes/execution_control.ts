import { createRoute } from "@hono/zod-openapi";
import * as z from "zod";
import type { ExecutionHandle } from "../../engine/engine_options.ts";
import { createId } from "../../engine/id.ts";
import { FlowError } from "../../engine/errors.ts";
import { parseWorkflow } from "../../engine/parse.ts";
import type { RerunPlan } from "../../engine/rerun.ts";
import { decodeValues } from "../../engine/value.ts";
import { createRoutes, type ServerApp } from "../env.ts";
import { describeResult, findExecution, type FoundExecution, waitForEnd } from "../find_execution.ts";
import type { ServerPorts } from "../ports.ts";
import { cancelRequestSchema, idParameter, jsonBody, rerunRequestSchema } from "../requests.ts";
import { jsonAnswer, rerunPlanSchema, resultSchema, startedAnswers, valuesForm, waitSchema } from "../schemas.ts";
import { startOptions } from "../start_execution.ts";
import { encodeValues } from "../values_form.ts";

const tags = ["Executions"];
const waitQuery = z.object({ wait: waitSchema.default("false"), values: valuesForm });

const cancel = createRoute({
  method: "post",
  path: "/api/executions/{id}/cancel",
  tags,
  summary: "Cancel an execution, in whichever process it runs",
  operationId: "cancelExecution",
  request: { params: idParameter, query: waitQuery, body: jsonBody(cancelRequestSchema, false) },
  responses: startedAnswers,
});

const resume = createRoute({
  method: "post",
  path: "/api/executions/{id}/resume",
  tags,
  summary: "Go on with an interrupted execution",
  operationId: "resumeExecution",
  request: { params: idParameter, query: waitQuery },
  responses: startedAnswers,
});

const rerun = createRoute({
  method: "post",
  path: "/api/executions/{id}/rerun",
  tags,
  summary: "Start a new execution that reuses the outputs of this one",
  description: "What runs again: what did not succeed, what has changed, what is named, and everything behind these.",
  operationId: "rerunExecution",
  request: {
    params: idParameter,
    query: waitQuery.extend({ dry_run: waitSchema.default("false").describe("true: only answer the plan") }),
    body: jsonBody(rerunRequestSchema, false),
  },
  responses: {
    ...startedAnswers,
    200: jsonAnswer("How it ended, or the plan", z.union([resultSchema, rerunPlanSchema])),
  },
});

/** What is done to an execution. */
export function executionControlRoutes(ports: ServerPorts): ServerApp {
  const routes = createRoutes();
  routes.openapi(cancel, async (c) => {
    const { wait, values } = c.req.valid("query");
    const execution = await findExecution(ports, c.req.valid("param").id);
    const { execution_id } = execution.summary;
    await cancelExecution(ports, execution, c.req.valid("json").reason ?? "Cancelled");
    if (wait === "false") return c.json({ execution_id }, 202);
    return c.json(describeResult(await waitForEnd(ports, execution_id), values), 200);
  });
  routes.openapi(resume, async (c) => {
    const { wait, values } = c.req.valid("query");
    const handle = await resumeExecution(ports, await findExecution(ports, c.req.valid("param").id));
    if (wait === "false") return c.json({ execution_id: handle.execution_id }, 202);
    return c.json(describeResult(await handle.result, values), 200);
  });
  routes.openapi(rerun, async (c) => {
    const { wait, values, dry_run } = c.req.valid("query");
    const { from, only, workflow, inputs, ...options } = c.req.valid("json");
    const execution = await findExecution(ports, c.req.valid("param").id);
    const plan = await ports.engine.planRerun(execution.record.execution_id, {
      from,
      only,
      workflow: workflow === undefined ? undefined : await parseWorkflow(workflow, { registry: ports.engine.registry }),
      inputs: inputs === undefined ? undefined : decodeValues(inputs),
    });
    if (dry_run === "true") return c.json(describePlan(plan, values), 200);
    checkHasEnded(execution);
    const execution_id = createId(ports.clock.now());
    ports.traces?.continueFrom(execution_id, c.req.header("traceparent"));
    const handle = await ports.admission.rerun(plan, { ...startOptions(ports, options), execution_id });
    if (wait === "false") return c.json({ execution_id: handle.execution_id }, 202);
    return c.json(describeResult(await handle.result, values), 200);
  });
  return routes;
}

/** Of an interrupted execution nobody would hear the request: resuming it then does nothing but end it. */
async function cancelExecution(ports: ServerPorts, { summary }: FoundExecution, reason: string): Promise<void> {
  const { execution_id, status } = summary;
  if (!(await ports.engine.cancel(execution_id, reason))) {
    throw new FlowError("conflict", `Cannot cancel execution "${execution_id}": it has ended (${status})`);
  }
  if (status === "interrupted") await ports.engine.resume(execution_id);
}

/** Executions of other folders and of files are for `flow resume`, which works where and with what they need. */
async function resumeExecution(ports: ServerPorts, { record }: FoundExecution): Promise<ExecutionHandle> {
  if (record.workdir === undefined || record.workdir === ports.workdir) {
    return await ports.admission.resume(record.execution_id);
  }
  throw new FlowError("conflict", `Cannot resume execution "${record.execution_id}": it works in another folder`, {
    hint: `Run "flow resume ${record.execution_id}" on the machine of the server.`,
  });
}

function checkHasEnded({ summary: { execution_id, status } }: FoundExecution): void {
  if (status !== "running") return;
  throw new FlowError("conflict", `Cannot rerun execution "${execution_id}": it is still running`, {
    hint: "Wait for it to end, or cancel it.",
  });
}

function describePlan({ execution_id, inputs, nodes }: RerunPlan, form: "plain" | "tagged") {
  return { execution_id, inputs: encodeValues(inputs, form), nodes };
}
