import type { StartedProcess, StartProcess } from "./processes.ts";

/** Starts processes by `Deno.Command`. */
export const startDenoProcess: StartProcess = (program, env, options): StartedProcess => {
  const { args, cwd, detached, stdin, stdout, stderr } = options;
  const child = new Deno.Command(program, {
    args: [...args],
    env,
    clearEnv: true,
    ...(cwd === undefined ? {} : { cwd }),
    detached,
    stdin,
    stdout,
    stderr,
  }).spawn();
  return {
    pid: child.pid,
    stdin: stdin === "piped" ? child.stdin : null,
    stdout: stdout === "piped" ? child.stdout : null,
    stderr: stderr === "piped" ? child.stderr : null,
    status: child.status.then(({ code, signal }) => ({ code, signal })),
  };
};
