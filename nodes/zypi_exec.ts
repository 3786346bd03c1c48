import * as z from "zod";
import {
  anyPorts,
  type ConfigOf,
  defineNode,
  type InputsOf,
  type NodeContext,
  type NodeWarning,
} from "../engine/node.ts";
import type { DefinedNode } from "../engine/node_type.ts";
import type { Path } from "../engine/issue.ts";
import type { Value, Values } from "../engine/value.ts";
import { commandOutputs, envField, outputFields, wordsField } from "./_command_fields.ts";
import { anyValue } from "./_value.ts";
import { imageField, urlField } from "./_zypi_fields.ts";

const config = () => ({
  url: urlField(),
  image: imageField(),
  command: wordsField().refine((words) => typeof words === "string" ? words.trim() !== "" : words.length > 0, {
    error: "a command is needed",
    abort: true,
  }).describe("Program and arguments: a list, or one string that is split by the quoting rules of the shell"),
  session_id: z.string().min(1).optional().describe("Session to run it in; default: a VM of its own"),
  own_session: z.boolean().default(false).describe(
    "Run it in a session of its own: slower to start, but its output streams and may be of any size",
  ),
  env: envField(),
  files: z.record(z.string(), anyValue()).default({}).describe("Files to put there first, by absolute path"),
  workdir: z.string().startsWith("/", "an absolute path is needed").optional().describe(
    "Folder to run it in; default: /",
  ),
  timeout: z.number().positive().max(86_400).default(300).describe("Seconds until it is given up"),
  memory_mb: z.int().min(32).max(1024 * 1024).optional().describe(
    "MiB of memory, if a VM is booted for it; default: 256",
  ),
  vcpus: z.int().min(1).max(64).optional().describe("Virtual CPUs, if a VM is booted for it; default: 1"),
  ...outputFields(),
});

const inputs = () =>
  anyPorts({
    stdin: anyValue().optional().describe("Standard input; wins over the config"),
    files: z.record(z.string(), anyValue()).optional().describe("More files; they win over the config"),
    session_id: z.string().min(1).optional().describe("Session to run it in; wins over the config"),
  });

const outputs = () => ({
  ...commandOutputs(),
  exit_code: z.int().describe("-1 if a signal ended the command; in a session 128 + n"),
  duration_ms: z.number(),
  session_id: z.string().describe("The session that it ran in, for what comes next"),
});

/** What a command runs with. */
export type ZypiExecContext = NodeContext<ConfigOf<ReturnType<typeof config>>, InputsOf<ReturnType<typeof inputs>>>;

/** @internal */
type ZypiExecNode = DefinedNode<typeof config, typeof inputs, typeof outputs>;

/**
 * Runs a command in a Firecracker microVM of a Zypi server: one of its own, or a session.
 *
 * - Other inputs are environment variables (`order-id` is `ORDER_ID`), `file:<path>` is a file.
 * - Without a session, stdout and stderr together may have about 1,300 bytes, and come at the end.
 *
 * ```ts
 * import { zypiExec, workflow } from "flowengine";
 *
 * workflow("example").add("a", zypiExec({ command: ["uname", "-a"] }));
 * ```
 */
export const zypiExec: ZypiExecNode = defineNode({
  type: "zypi.exec",
  version: 1,
  summary: "Run a command in a microVM",
  category: "zypi",
  config,
  inputs,
  outputs,
  warn: warnOfInjection,
  // Loaded with the first command: what every start of flow would load costs it 0.1 ms per module.
  run: async (ctx) => await (await import("./zypi/exec_runner.ts")).runZypiExec(ctx),
  closeResource: async (resource, signal) =>
    await (await import("./zypi/resources.ts")).closeZypiResource(resource, signal),
});

const SHELLS = /^(\/(usr\/)?bin\/)?(ba|da)?sh$/;

/** Whoever controls a value in the text of a command line or of a script controls what runs. */
function warnOfInjection({ command }: Values, interpolated: readonly Path[]): NodeWarning[] {
  const path = interpolated.find(([key, index]) => key === "command" && isCode(command, index));
  if (path === undefined) return [];
  return [{
    path,
    message: "an expression becomes part of a command line; its value can change what runs",
    hint: 'Give the command as a list, pass the value in env, and use "$NAME" in scripts.',
  }];
}

function isCode(command: Value | undefined, index: string | number | undefined): boolean {
  if (!Array.isArray(command)) return true;
  const [program, flag] = command;
  return index === 2 && flag === "-c" && typeof program === "string" && SHELLS.test(program);
}
