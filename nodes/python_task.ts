import * as z from "zod";
import { lazy } from "../engine/lazy.ts";
import { anyPorts, type ConfigOf, defineNode, type NodeContext } from "../engine/node.ts";
import type { DefinedNode } from "../engine/node_type.ts";
import type { Values } from "../engine/value.ts";
import type { Platform } from "../platform/types.ts";
import { envField, textField } from "./_command_fields.ts";
import { anyValue } from "./_value.ts";
import { closeSandboxResource, SANDBOX_KINDS } from "./sandbox/open_sandbox.ts";

/** 4 MiB of compressed code in base64. */
const MAX_CODE_CHARACTERS = 4 * 1024 * 1024 * 4 / 3;

const config = () => ({
  function: z.string().min(1, "a function is needed").describe(
    'Name within its module, such as "load" or "Loader.load"',
  ),
  module: z.string().min(1).optional().describe(
    'Module to import, such as "reports.daily"; either this, file or code',
  ),
  file: z.string().min(1).optional().describe("Python file to import; a relative path is relative to workdir"),
  code: z.string().min(1).max(MAX_CODE_CHARACTERS).optional().describe(
    "The function itself, if it cannot be imported, as the Python package writes it",
  ),
  path: z.array(textField()).default([]).describe(
    "Folders to look for modules in, before those of python; if there are none: where it runs",
  ),
  python: z.string().min(1).default("python3").describe(
    "Python that has flowengine installed: a name on PATH, or a path",
  ),
  env: envField(),
  env_passthrough: z.array(textField()).default([]).describe(
    "Variables of flow's own environment that the function sees besides PATH, HOME, LANG and the like, as in shell.exec",
  ),
  workdir: z.string().min(1).optional().describe("Folder to run in; default: where flow runs"),
  revision: z.string().optional().describe(
    "Any text that changes with the code, so that cached results of older code are not used",
  ),
  by_file: z.boolean().default(false).describe(
    "Pass results above 1 MiB on as files of this machine, which only Python functions read",
  ),
  sandbox: z.enum(SANDBOX_KINDS).optional().describe("Where it runs apart from this machine; default: on it"),
  image: z.string().min(1).optional().describe(
    "Image with Python 3.10 or later and a POSIX shell, for the docker and zypi sandboxes",
  ),
  zypi_url: z.string().optional().describe("Address of the Zypi server"),
  package: z.string().min(1).optional().describe(
    "Folder of the flowengine package, to bring it along into a sandbox; default: it is installed there",
  ),
});

const inputs = () => anyPorts();

const outputs = () => ({ result: anyValue().describe("What the function returned") });

/** What a Python function runs with. */
export type PythonTaskContext = NodeContext<ConfigOf<ReturnType<typeof config>>, Values>;

/** What is the same for all Python functions of one flow. */
export interface PythonTaskOptions {
  /** How many workers an execution starts without waiting for one to become free; default: the number of cores. */
  warmWorkers?: number;
}

/** @internal */
export type PythonTaskNode = DefinedNode<typeof config, typeof inputs, typeof outputs>;

/**
 * Calls a Python function in a worker process that stays warm until the execution ends.
 *
 * - Inputs are keyword arguments; those that the function does not have are left out.
 * - An exception fails the node: its last line is the message, the traceback is in the details.
 * - Cancel and timeout end the worker with all that the function has started; the next call gets another one.
 */
export function createPythonTask(platform: Platform, options: PythonTaskOptions = {}): PythonTaskNode {
  const tasks = lazy(async () => new (await import("./python/task_runner.ts")).TaskRunner(platform, options));
  const sandboxed = lazy(async () => new (await import("./python/sandboxed_tasks.ts")).SandboxedTasks(platform));
  return defineNode({
    type: "python.task",
    version: 1,
    summary: "Call a Python function",
    category: "python",
    config,
    inputs,
    outputs,
    run: async (ctx) => await (await (ctx.config.sandbox === undefined ? tasks() : sandboxed())).run(ctx),
    closeResource: async (resource, signal) => {
      if ("worker" in resource) await (await tasks()).closeWorker(resource);
      else await closeSandboxResource(platform, resource, signal);
    },
  });
}
