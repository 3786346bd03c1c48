import * as z from "zod";
import { lazy } from "../engine/lazy.ts";
import { anyPorts, type ConfigOf, defineNode, type NodeContext } from "../engine/node.ts";
import type { DefinedNode } from "../engine/node_type.ts";
import type { Values } from "../engine/value.ts";
import type { Platform } from "../platform/types.ts";
import { commandOutputs, envField, outputFields, wordsField } from "./_command_fields.ts";
import { anyValue } from "./_value.ts";
import { parseBytes, parseCpus, parseMount } from "./docker/notation.ts";

/** Engines refuse less. */
const LEAST_MEMORY = 6 * 1024 * 1024;

const word = () => z.string().min(1);

/** What runs. */
const programFields = () => ({
  image: word().regex(/^\S+$/, "an image is named without spaces, such as python:3.13-slim").describe(
    "Image to run, such as python:3.13-slim; without a tag it is latest",
  ),
  command: wordsField().optional().describe(
    "Command in the container: a list, or one string that is split by the quoting rules of the shell; default: the image's",
  ),
  entrypoint: wordsField().optional().describe("Instead of the image's entrypoint; like command"),
  env: envField(),
  workdir: word().optional().describe("Folder in the container to run it in; default: the image's"),
  user: word().optional().describe("User or uid, optionally with :group; default: the image's"),
});

/** What it may reach and use. */
const boundaryFields = () => ({
  volumes: z.array(z.string().refine(isMount, MOUNT_FORM)).default([]).describe(
    "Folders, files and volumes: host:container, or host:container:ro; host is a path, or the name of a volume",
  ),
  network: word().optional().describe("none, host, or the name of a network; default: the engine's, mostly bridge"),
  cpu_limit: z.union([z.number(), z.string()]).refine(isCpus, 'a number of processors is needed, such as "1.5"')
    .optional().describe("How many processors it may use, such as 1.5"),
  memory_limit: z.union([z.int(), z.string()]).superRefine(checkMemory).optional().describe(
    "How much memory it may use, without swap, such as 512m or 2g",
  ),
  pids_limit: z.int().min(1).optional().describe("How many processes and threads it may have"),
  timeout: z.number().positive().optional().describe("Seconds that it may run until it is stopped"),
});

/** What goes in and comes out. */
const streamFields = () => {
  const { stdin: _, ...output } = outputFields();
  return {
    stdin_mode: z.enum(["json", "text", "raw", "none"]).default("json").describe(
      "json: all inputs as one object; text or raw: the input data as it is, raw also takes bytes; none: no stdin",
    ),
    output_mode: z.enum(["auto", "json", "text"]).default("auto").describe(
      "What output is; json: fail if stdout is not JSON; text: never parse it; auto: JSON if it is JSON",
    ),
    io_mode: z.enum(["auto", "flat", "wrapped"]).default("auto").describe(
      'How json writes the inputs; flat and auto: {"value": 21}; wrapped: {"value": {"type": "Number", "value": 21}}',
    ),
    ...output,
  };
};

const config = () => ({
  ...programFields(),
  ...boundaryFields(),
  ...streamFields(),
  auto_pull: z.boolean().default(true).describe("Pull the image if the engine does not have it"),
  name: z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/, "a name has letters, digits, _, . and -").optional()
    .describe("Name of the container; default: the engine thinks of one"),
  detached: z.boolean().default(false).describe(
    "Leave it running: output is the container's id, and the node ends as soon as it has started",
  ),
  remove: z.boolean().default(true).describe("Delete the container when it has ended"),
  host: word().optional().describe(
    "Where the engine listens: unix:///path or tcp://host:port; default: DOCKER_HOST, or the usual sockets",
  ),
});

const inputs = () => anyPorts({ data: anyValue().optional().describe("What text and raw write to stdin") });

/** What a container runs with. */
export type DockerRunContext = NodeContext<ConfigOf<ReturnType<typeof config>>, Values>;

/** What is the same for all containers of one flow. */
export interface DockerRunOptions {
  /** Time between SIGTERM and SIGKILL, in milliseconds; default 5000. */
  graceMs?: number;
}

/** @internal */
export type DockerRunNode = DefinedNode<typeof config, typeof inputs, typeof commandOutputs>;

/**
 * Runs a container to its end, and deletes it.
 *
 * - It gets `FLOW_EXECUTION_ID`, `FLOW_NODE_ID`, `FLOW_ATTEMPT` and `FLOW_ATTEMPT_ID`, and labels of the same meaning.
 * - On cancel and on timeout it is stopped (SIGTERM, and SIGKILL after 5 seconds) and deleted.
 * - What an earlier attempt has left because flow was killed is deleted before the node runs again.
 */
export function createDockerRun(platform: Platform, { graceMs = 5000 }: DockerRunOptions = {}): DockerRunNode {
  // Loaded with the first container: what every start of flow would load costs it 0.1 ms per module.
  const runner = lazy(async () =>
    new (await import("./docker/container_runner.ts")).ContainerRunner(platform, graceMs)
  );
  return defineNode({
    type: "docker.run",
    version: 1,
    summary: "Run a container",
    category: "docker",
    config,
    inputs,
    outputs: commandOutputs,
    run: async (ctx) => await (await runner()).run(ctx),
    closeResource: async (resource) => await (await runner()).removeContainerOf(resource),
  });
}

const MOUNT_FORM = "a volume is written host:container or host:container:ro, with a path or a name as host";

function isMount(text: string): boolean {
  return parseMount(text) !== undefined;
}

function isCpus(value: string | number): boolean {
  return parseCpus(value) !== undefined;
}

function checkMemory(value: string | number, context: z.RefinementCtx): void {
  const bytes = parseBytes(String(value));
  if (bytes === undefined) context.addIssue({ code: "custom", message: "a size is needed, such as 512m or 2g" });
  else if (bytes < LEAST_MEMORY) context.addIssue({ code: "custom", message: "Docker wants at least 6m of memory" });
}
