import * as z from "zod";
import type { Path } from "../engine/issue.ts";
import { lazy } from "../engine/lazy.ts";
import { type ConfigOf, defineNode, type InputsOf, type NodeContext, type NodeWarning } from "../engine/node.ts";
import type { DefinedNode } from "../engine/node_type.ts";
import type { Values } from "../engine/value.ts";
import type { Platform } from "../platform/types.ts";
import { argsField, commandOutputs, envField, outputFields, textField } from "./_command_fields.ts";
import { anyValue } from "./_value.ts";

const config = () => ({
  command: z.string().min(1, "a command is needed").describe("Program to run: a name on PATH, or a path"),
  args: argsField(),
  env: envField(),
  env_passthrough: z.array(textField()).default([]).describe(
    'Variables of flow\'s own environment that the command gets besides PATH, HOME, LANG and the like; "AWS_*" stands ' +
      'for all that start so, "*" for all but the secrets of flow',
  ),
  workdir: z.string().min(1).optional().describe("Folder to run it in; default: where flow runs"),
  timeout: z.number().positive().optional().describe("Seconds until it is stopped"),
  shell: z.boolean().default(false).describe(
    "Run command by `sh -c`, so that pipes, globs and variables work; args are appended, quoted, and are $1, $2 ...",
  ),
  ...outputFields(),
});

const inputs = () => ({ stdin: anyValue().optional().describe("Standard input; wins over the config") });

/** What a command runs with. */
export type ShellExecContext = NodeContext<ConfigOf<ReturnType<typeof config>>, InputsOf<ReturnType<typeof inputs>>>;

/** What is the same for all commands of one flow. */
export interface ShellExecOptions {
  /** Time between SIGTERM and SIGKILL, in milliseconds; default 5000. */
  graceMs?: number;
}

/** @internal */
export type ShellExecNode = DefinedNode<typeof config, typeof inputs, typeof commandOutputs>;

/**
 * Runs a command.
 *
 * - The command sees only a small part of flow's environment (see `env_passthrough`), and `FLOW_EXECUTION_ID`,
 *   `FLOW_NODE_ID`, `FLOW_ATTEMPT` and `FLOW_ATTEMPT_ID`.
 * - On cancel and on timeout it is ended with all its descendants: SIGTERM, and SIGKILL after 5 seconds.
 * - Background processes that still hold its outputs one second after it has ended are ended too, with a warning. One
 *   that has redirected them (`daemon > daemon.log 2>&1 &`) is left alone.
 */
export function createShellExec(platform: Platform, { graceMs = 5000 }: ShellExecOptions = {}): ShellExecNode {
  // Loaded with the first command: what every start of flow would load costs it 0.1 ms per module.
  const runner = lazy(async () => new (await import("./_command_runner.ts")).CommandRunner(platform, graceMs));
  return defineNode({
    type: "shell.exec",
    version: 1,
    summary: "Run a command",
    category: "shell",
    config,
    inputs,
    outputs: commandOutputs,
    warn: warnOfInjection,
    run: async (ctx) => await (await runner()).run(ctx),
  });
}

/** Whoever controls a value in the text of a script controls the script. */
function warnOfInjection({ shell }: Values, interpolated: readonly Path[]): NodeWarning[] {
  const path = shell === true ? interpolated.find(([key]) => key === "command") : undefined;
  if (path === undefined) return [];
  return [{
    path,
    message: "an expression becomes part of a shell script; its value can run commands",
    hint: 'Pass it in env or args, and use "$NAME" or "$1" in the script.',
  }];
}
