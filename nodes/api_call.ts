import * as z from "zod";
import { lazy } from "../engine/lazy.ts";
import { anyPorts, type ConfigOf, defineNode, type NodeContext } from "../engine/node.ts";
import type { DefinedNode } from "../engine/node_type.ts";
import type { Values } from "../engine/value.ts";
import type { Platform } from "../platform/types.ts";
import { envField } from "./_command_fields.ts";
import { anyValue } from "./_value.ts";
import { closeSandboxResource, SANDBOX_KINDS } from "./sandbox/open_sandbox.ts";

/** Options of pip are no packages. */
const packageField = () => z.string().regex(/^[A-Za-z0-9][^\n\r\0]*$/, 'a package is a name such as "requests>=2.31"');

const config = () => ({
  script: z.string().min(1, "a script is needed").describe("Python to run; the JSON that it prints last is the output"),
  packages: z.array(packageField()).default([]).describe("Packages to install with pip; they are kept for other runs"),
  env: envField(),
  timeout: z.number().positive().max(86_400).default(60).describe("Seconds until the script is stopped"),
  memory_mb: z.int().min(32).max(1024 * 1024).default(256).describe("MiB of memory"),
  image: z.string().optional().describe("Image with Python, for the docker and zypi sandboxes"),
  zypi_url: z.string().optional().describe("Address of the Zypi server"),
  sandbox: z.enum(SANDBOX_KINDS).default("zypi").describe("Where it runs"),
});

const outputs = () => ({
  output: anyValue().describe("The last line of stdout, parsed if it is JSON; null if there is none"),
  stdout: z.string(),
  stderr: z.string(),
  exit_code: z.int(),
});

/** What a script runs with. */
export type ApiCallContext = NodeContext<ConfigOf<ReturnType<typeof config>>, Values>;

const inputs = () => anyPorts();

/** @internal */
export type ApiCallNode = DefinedNode<typeof config, typeof inputs, typeof outputs>;

/**
 * Runs a Python script in a sandbox that may use the network.
 *
 * - Inputs are environment variables (`order-id` is `ORDER_ID`), and all together the JSON file that `FLOW_INPUTS` names.
 * - Packages are installed once for each set of them and version of Python.
 * - A script that fails ends with its exception as the message, and the traceback in the details.
 */
export function createApiCall(platform: Platform): ApiCallNode {
  const runner = lazy(async () => new (await import("./python/script_runner.ts")).ScriptRunner(platform));
  return defineNode({
    type: "api.call",
    version: 1,
    summary: "Run a Python script that talks to other systems",
    category: "api",
    config,
    inputs,
    outputs,
    run: async (ctx) => await (await runner()).run(ctx),
    closeResource: async (resource, signal) => await closeSandboxResource(platform, resource, signal),
  });
}
