import type { ChildProcess, SpawnOptions } from "node:child_process";
import { accessSync, closeSync, constants, openSync, readSync, statSync } from "node:fs";
import process from "node:process";
import { codeOf } from "./node_errors.ts";
import { readableFrom, writableTo } from "./node_streams.ts";
import type { StartedProcess, StartProcess } from "./processes.ts";
import type { ProcessStatus } from "./types.ts";

/** Of a script, what the kernel looks at to find its interpreter (execve(2)). */
const SHEBANG_BYTES = 256;

/** Starts processes by `node:child_process`. */
export const startNodeProcess: StartProcess = (program, env, options): StartedProcess => {
  const { args, cwd, detached, stdin, stdout, stderr } = options;
  const modes = [stdin, stdout, stderr].map((mode) => mode === "piped" ? "pipe" : "ignore");
  const child = spawn(program, args, { env, cwd, detached, stdio: modes, windowsHide: true });
  // It is told of later what we have to know now; without a listener it would end the program.
  child.on("error", () => {});
  if (child.pid === undefined) throw startError(program, cwd);
  return {
    pid: child.pid,
    stdin: child.stdin === null ? null : writableTo(child.stdin),
    stdout: child.stdout === null ? null : readableFrom(child.stdout),
    stderr: child.stderr === null ? null : readableFrom(child.stderr),
    status: statusOf(child),
  };
};

function spawn(program: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  try {
    return process.getBuiltinModule("node:child_process").spawn(program, args, options);
  } catch (error) {
    // Node itself refuses NUL characters, before the system could.
    if (codeOf(error) === "ERR_INVALID_ARG_VALUE") throw Object.assign(new Error("EINVAL"), { code: "EINVAL" });
    throw error;
  }
}

function statusOf(child: ChildProcess): Promise<ProcessStatus> {
  return new Promise((resolve) => {
    child.once("exit", (code, signal) => {
      const { signals } = process.getBuiltinModule("node:os").constants;
      resolve({ code: signal === null ? code ?? 1 : 128 + signals[signal], signal });
    });
  });
}

/** Why a program that is there did not start: Node tells only later, so look for what can be wrong. */
function startError(program: string, cwd = "."): Error {
  const fail = (code: string, message: string) => Object.assign(new Error(message), { code });
  try {
    accessSync(program, constants.X_OK);
    accessSync(cwd, constants.X_OK);
    const interpreter = interpreterOf(program);
    if (interpreter !== undefined && statSync(interpreter, { throwIfNoEntry: false }) === undefined) {
      return fail("ENOENT", `there is no "${interpreter}"`);
    }
  } catch {
    return fail("EACCES", "permission denied");
  }
  return fail("EAGAIN", "this machine takes no more processes or open files");
}

/** The program in the first line of a script; undefined if it is none. */
function interpreterOf(script: string): string | undefined {
  const file = openSync(script, "r");
  try {
    const bytes = new Uint8Array(SHEBANG_BYTES);
    const head = new TextDecoder().decode(bytes.subarray(0, readSync(file, bytes)));
    return /^#![ \t]*([^\s]+)/.exec(head)?.[1];
  } finally {
    closeSync(file);
  }
}
