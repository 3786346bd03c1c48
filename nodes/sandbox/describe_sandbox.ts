import { FlowError } from "../../engine/errors.ts";
import type { Platform } from "../../platform/types.ts";
import { inspectHost } from "./host.ts";
import { LocalSandbox } from "./local_sandbox.ts";
import { runQuietly } from "./run_quietly.ts";

const TIMEOUT_MS = 5000;

/**
 * Facts about bubblewrap, after a sandbox has been opened with it.
 *
 * @throws {FlowError} `program_not_found` or `unavailable`, with what to do about it
 */
export async function describeSandbox(platform: Platform): Promise<string[]> {
  const { bwrap, countsPerSandbox, seccomp, unwritten } = await inspectHost(platform);
  const { output } = await runQuietly(platform, [bwrap, "--version"]);
  const sandbox = new LocalSandbox(platform);
  const { code } = await sandbox.exec({
    command: ["true"],
    env: {},
    files: new Map(),
    stdin: undefined,
    network: false,
    limits: { timeoutMs: TIMEOUT_MS },
    binds: [],
  }, {
    name: "true",
    ctx: {
      signal: new AbortController().signal,
      attempt_id: crypto.randomUUID(),
      processStarted: () => {},
      log: () => {},
    },
    onStdout: () => {},
    onStderr: () => {},
  });
  if (code !== 0) throw new FlowError("unavailable", `A sandbox ended with code ${code} instead of 0`);
  return [
    bwrap,
    output.trim(),
    ...(seccomp === undefined
      ? [`no filter of system calls${unwritten === undefined ? "" : `: ${unwritten} cannot be written`}`]
      : []),
    ...(countsPerSandbox ? [] : ["cannot limit processes: that needs Linux 5.14"]),
  ];
}
