import * as z from "zod";
import { FlowError } from "../engine/errors.ts";
import { anyPorts, defineNode } from "../engine/node.ts";
import type { DefinedNode } from "../engine/node_type.ts";
import { MAX_DOCUMENT_BYTES } from "../engine/read_source.ts";
import type { Value, Values } from "../engine/value.ts";
import type { ExecutionResult } from "../engine/verdict.ts";
import type { Platform } from "../platform/types.ts";

const MODULE_NAME = /\.[cm]?[jt]s$/;

const anyValue = () => z.custom<Value>((value) => value !== undefined, "a value");

const config = () => ({
  file: z.string().min(1).optional().describe("Its document, no code; relative to that of the calling workflow"),
  workflow_id: z.string().min(1).optional().describe("The id under which it is saved"),
  version: z.int().min(1).optional().describe("Of the saved workflow; default: the newest"),
  workflow: z.record(z.string(), anyValue()).optional().describe(
    "The document itself; its expressions are its own",
  ),
  inputs: z.record(z.string(), anyValue()).default({}).describe("Its inputs, besides those on the ports"),
});

const ports = () => anyPorts();

/** @internal */
export type FlowCallNode = DefinedNode<typeof config, typeof ports, typeof ports>;

interface CallConfig {
  workflow?: Values | undefined;
  file?: string | undefined;
  workflow_id?: string | undefined;
  version?: number | undefined;
}

/** Runs another workflow; what it answers, this node answers. */
export function createFlowCall(platform: Platform): FlowCallNode {
  return defineNode({
    type: "flow.call",
    version: 1,
    summary: "Run another workflow, as an execution of its own",
    category: "flow",
    config,
    inputs: ports,
    outputs: ports,
    check: (config) => {
      const ways = waysOf(config);
      if (ways.length !== 1) return [{ path: [], ...describeWays(ways.length) }];
      return config.file !== undefined && MODULE_NAME.test(config.file) ? [describeModule(config.file)] : [];
    },
    async run({ config, inputs, call, data, source }) {
      const result = await call({
        ...await findWorkflow(platform, config, source),
        inputs: { ...inputs, ...config.inputs },
        required: Object.keys(config.inputs),
        onStart: (executionId) => data("execution_id", executionId),
      });
      if (result.status === "succeeded") return result.outputs;
      throw describeFailure(result);
    },
  });
}

type Target = { document: unknown; filename?: string } | { workflow_id: string; version?: number };

/** What says which workflow to call. */
function waysOf({ file, workflow_id, workflow }: CallConfig): unknown[] {
  return [file, workflow_id, workflow].filter((way) => way !== undefined);
}

function describeWays(count: number): { message: string; hint: string } {
  const message = `cannot tell which workflow to call: ${count === 0 ? "none is" : `${count} are`} named`;
  return { message, hint: "Give exactly one of file, workflow_id and workflow." };
}

function describeModule(file: string): { path: string[]; message: string; hint: string } {
  return {
    path: ["file"],
    message: `config.file is ${JSON.stringify(file)}, which is code, expected a document`,
    hint: "Name a JSON or YAML document, such as `flow convert MODULE --to yaml` writes.",
  };
}

async function findWorkflow(
  platform: Platform,
  { file, workflow_id, version, workflow }: CallConfig,
  caller: string | undefined,
): Promise<Target> {
  if (workflow_id !== undefined) return version === undefined ? { workflow_id } : { workflow_id, version };
  if (file === undefined) return { document: workflow };
  const { dirname, resolve } = await import("node:path");
  const path = resolve(caller === undefined ? platform.cwd() : dirname(caller), file);
  const stat = await platform.stat(path);
  // Reading a pipe might never end, and cannot be cancelled.
  if (stat !== undefined && !stat.isFile && !stat.isDirectory) {
    throw new FlowError("invalid_argument", `Cannot read "${path}": it is no regular file`, {
      hint: "Name the file of a document.",
    });
  }
  return { document: await platform.readFile(path, MAX_DOCUMENT_BYTES), filename: path };
}

function describeFailure({ execution_id, status, error }: ExecutionResult<Values>): FlowError {
  const isTimeout = error?.code === "timeout";
  const message = status === "cancelled" ? "was cancelled" : `failed: ${error?.message ?? "no reason was given"}`;
  return new FlowError(
    isTimeout ? "timeout" : "node_failed",
    `Execution ${execution_id} of the called workflow ${message}`,
    {
      hint: error?.hint ?? `Run "flow explain ${execution_id}" to see why.`,
      details: { execution_id, ...(error === undefined ? {} : { code: error.code }) },
    },
  );
}
