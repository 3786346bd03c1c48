import type { Platform } from "../../platform/types.ts";
import { CapturedBytes } from "../_captured_bytes.ts";
import { superviseProcess } from "../_process.ts";

const PATIENCE_MS = 20_000;
const MAX_OUTPUT_BYTES = 64 * 1024;

/** How a short program ended, and what it had to say on stdout and stderr. */
export interface QuietRun {
  code: number;
  output: string;
}

/**
 * Runs a program of this machine that asks and answers quickly.
 *
 * @throws {FlowError} `program_not_found`, `timeout` after 20 seconds, or the reason of the signal
 */
export async function runQuietly(
  platform: Platform,
  [command, ...args]: readonly [string, ...string[]],
  options: { env?: Record<string, string>; signal?: AbortSignal; timeoutMs?: number; mark?: string } = {},
): Promise<QuietRun> {
  const env = options.env ?? { PATH: platform.env("PATH") ?? "", LANG: "C.UTF-8" };
  const { mark } = options;
  const child = platform.spawn({ command, args, env, stdin: "null", stdout: "piped", stderr: "piped", mark });
  const output = new CapturedBytes(MAX_OUTPUT_BYTES);
  const { code } = await superviseProcess(child, {
    stdin: undefined,
    signal: options.signal ?? new AbortController().signal,
    timeoutMs: options.timeoutMs ?? PATIENCE_MS,
    graceMs: 1000,
    name: command,
    onStdout: (chunk) => output.push(chunk),
    onStderr: (chunk) => output.push(chunk),
    onLeftBehind: () => {},
  });
  return { code, output: output.text() };
}
