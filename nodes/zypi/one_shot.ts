import { nameCommand } from "../_exit_check.ts";
import { encodeBase64 } from "../../engine/base64.ts";
import { execSchema } from "./answers.ts";
import { DEFAULT_IMAGE, type ZypiCommand, type ZypiEnding, type ZypiSinks } from "./client.ts";
import { answerError, timeoutError, type ZypiAttempt } from "./errors.ts";
import { asText, folderOf, type GuestFile, isWritableByServer, listFiles, resolvePath } from "./files.ts";
import { isAllowedProgram } from "./programs.ts";
import type { ZypiTransport } from "./transport.ts";

/** Puts files where the server does not, goes to the working folder, and becomes the command. */
const SETUP_SCRIPT = `
set -e
while [ "$1" != -- ]; do
  mkdir -p -- "$1"
  if [ "$4" = base64 ]; then base64 -d <"$3" >"$2"; else cat <"$3" >"$2"; fi
  rm -f -- "$3"
  shift 4
done
if [ -n "$2" ]; then cd -- "$2"; fi
stdin=$3
shift 3
exec "$@" <"$stdin"
`.trim();

/** What the server is asked to run. */
interface Plan {
  cmd: readonly string[];
  files: Readonly<Record<string, string>>;
  workdir: string | undefined;
}

/** Runs a command in a VM of its own; its output comes at the end. */
export async function runOneShot(
  transport: ZypiTransport,
  command: ZypiCommand,
  sinks: ZypiSinks,
  signal: AbortSignal,
): Promise<Omit<ZypiEnding, "durationMs"> & { durationMs: number | undefined }> {
  const { image = DEFAULT_IMAGE, env, timeoutMs, memoryMb, vcpus } = command;
  const attempt: ZypiAttempt = { action: `Cannot run "${nameCommand(command.command.join(" "))}"`, image, timeoutMs };
  // What is undefined does not become part of JSON.
  const body = {
    ...planOneShot(command),
    image,
    env,
    timeout: Math.ceil(timeoutMs / 1000),
    memory_mb: memoryMb,
    vcpus,
  };
  const answer = await transport.send({
    method: "POST",
    path: "exec",
    body,
    timeoutMs: timeoutMs + transport.graceMs,
    retriesFullPool: true,
  }, signal);
  const parsed = answer.status === 200 ? execSchema().safeParse(answer.json) : undefined;
  if (parsed?.success !== true) throw answerError(answer, attempt);
  const { exit_code, stdout, stderr, container_id, duration_ms, timed_out } = parsed.data;
  const encoder = new TextEncoder();
  sinks.stdout.push(encoder.encode(stdout));
  sinks.stderr.push(encoder.encode(stderr));
  if (timed_out === true) throw timeoutError(attempt);
  return { exitCode: exit_code, containerId: container_id, durationMs: duration_ms ?? undefined };
}

/**
 * How to get everything into one request: text files go below the folders that the server writes to, all else is moved
 * or decoded by a shell that then becomes the command.
 */
export function planOneShot(command: ZypiCommand): Plan {
  const { workdir, stdin } = command;
  const staging = `/tmp/.flow-${crypto.randomUUID()}`;
  const files: Record<string, string> = {};
  const steps: string[] = [];
  const targets: string[] = [];
  const place = ({ path, content }: GuestFile) => {
    const text = asText(content);
    if (text !== undefined && isWritableByServer(path)) return void (files[path] = text);
    const source = `${staging}/${targets.length}`;
    files[source] = text ?? encodeBase64(content as Uint8Array);
    steps.push(folderOf(path), path, source, text === undefined ? "base64" : "text");
    targets.push(path);
  };
  listFiles(command).forEach(place);
  const input = `${staging}/stdin`;
  if (stdin !== undefined) place({ path: input, content: stdin });
  const isPlain = steps.length === 0 && stdin === undefined && isAllowedProgram(command.command[0] ?? "");
  if (isPlain) return { cmd: command.command, files, workdir };
  // The server goes to the working folder first; one that only these files make is not there yet.
  const isLate = workdir !== undefined && targets.some((path) => path.startsWith(`${resolvePath("/", workdir)}/`));
  const lead = [...steps, "--", isLate ? workdir : "", stdin === undefined ? "/dev/null" : input];
  return {
    cmd: ["/bin/sh", "-c", SETUP_SCRIPT, "sh", ...lead, ...command.command],
    files,
    workdir: isLate ? undefined : workdir,
  };
}
