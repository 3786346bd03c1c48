import * as z from "zod";
import { FlowError } from "../engine/errors.ts";
import { lazy } from "../engine/lazy.ts";
import { anyPorts, type ConfigOf, defineNode, type InputsOf, type NodeContext } from "../engine/node.ts";
import type { DefinedNode } from "../engine/node_type.ts";
import type { Platform } from "../platform/types.ts";
import { argsField, commandOutputs, envField, outputFields, textField } from "./_command_fields.ts";
import { anyValue } from "./_value.ts";
import { parseBind } from "./sandbox/binds.ts";
import { closeSandboxResource, SANDBOX_KINDS } from "./sandbox/open_sandbox.ts";

const config = () => ({
  command: z.string().min(1, "a command is needed").describe("Program to run: a name, or a path in the sandbox"),
  args: argsField(),
  shell: z.boolean().default(false).describe("Run command by `sh -c`; args are $1, $2 ..."),
  env: envField(),
  files: z.record(z.string(), anyValue()).default({}).describe("Files to put there first, by path below /tmp or /home"),
  workdir: z.string().startsWith("/", "an absolute path is needed").default("/tmp").describe("Folder to run it in"),
  timeout: z.number().positive().optional().describe("Seconds until it is stopped"),
  network: z.boolean().default(false).describe("Let it use the network of this machine"),
  memory_mb: z.int().min(16).max(1024 * 1024).default(1024).describe("MiB that each of its processes may allocate"),
  pids: z.int().min(1).max(100_000).default(256).describe("How many processes and threads it may have at a time"),
  tmp_mb: z.int().min(1).max(1024 * 1024).default(512).describe(
    "MiB that it may write to /tmp, and as many to /var/tmp, /home and /dev/shm",
  ),
  binds: z.array(textField().superRefine(checkBind)).default([]).describe(
    'Files and folders of this machine that it sees besides: "/host/path", "/host/path:/inside" or, to let it write, ' +
      '"/host/path:/inside:rw"',
  ),
  sandbox: z.enum(SANDBOX_KINDS).default("local").describe("Where it runs"),
  image: z.string().optional().describe("Image with a POSIX shell, for the docker and zypi sandboxes"),
  zypi_url: z.string().optional().describe("Address of the Zypi server"),
  ...outputFields(),
});

const inputs = () =>
  anyPorts({
    stdin: anyValue().optional().describe("Standard input; wins over the config"),
    files: z.record(z.string(), anyValue()).optional().describe("More files; they win over the config"),
  });

/** What a command runs with. */
export type SandboxExecContext = NodeContext<
  ConfigOf<ReturnType<typeof config>>,
  InputsOf<ReturnType<typeof inputs>>
>;

/** @internal */
export type SandboxExecNode = DefinedNode<typeof config, typeof inputs, typeof commandOutputs>;

/**
 * Runs a command in a sandbox of this machine, by bubblewrap, or in a container or a microVM.
 *
 * - On this machine it sees the machine's root folder, read-only and without what belongs to people and services, and empty /tmp and
 *   /home of its own; no network, no other processes. It shares the kernel with everything else: not a virtual machine.
 * - Other inputs are environment variables (`order-id` is `ORDER_ID`), `file:<path>` is a file.
 * - On cancel and on timeout the whole sandbox ends at once.
 */
export function createSandboxExec(platform: Platform): SandboxExecNode {
  const runner = lazy(async () => new (await import("./sandbox/exec_runner.ts")).ExecRunner(platform));
  return defineNode({
    type: "sandbox.exec",
    version: 1,
    summary: "Run a command apart from the rest of the machine",
    category: "sandbox",
    config,
    inputs,
    outputs: commandOutputs,
    run: async (ctx) => await (await runner()).run(ctx),
    closeResource: async (resource, signal) => await closeSandboxResource(platform, resource, signal),
  });
}

function checkBind(text: string, context: z.RefinementCtx): void {
  try {
    parseBind(text);
  } catch (error) {
    const state = error instanceof FlowError ? error.details?.state : undefined;
    context.addIssue({ code: "custom", message: String(state ?? error) });
  }
}
