import { abortError, sleep, systemClock } from "../../engine/clock.ts";
import { encodeBase64 } from "../../engine/base64.ts";
import { FlowError } from "../../engine/errors.ts";
import { nameCommand } from "../_exit_check.ts";
import { execSchema } from "./answers.ts";
import { DEFAULT_MAX_OUTPUT_BYTES, type ZypiCommand, type ZypiEnding, type ZypiSinks } from "./client.ts";
import { answerError, timeoutError, type ZypiAttempt } from "./errors.ts";
import { packPieces } from "./file_pieces.ts";
import { folderOf, listFiles } from "./files.ts";
import { END_SCRIPT, PACK_SCRIPT, POLL_SCRIPT, START_SCRIPT, WRITE_SCRIPT } from "./session_scripts.ts";
import { PackedBytes, parseReport, type Report, SessionStreams } from "./session_streams.ts";
import type { ZypiTransport } from "./transport.ts";

/** In base64 with the rest of the answer, this stays below the server's 1,460 bytes. */
const PIECE_BYTES = 900;
/** Output that is longer than this is compressed for the way, once the command has ended. */
const PACKED_FROM_BYTES = 16 * 1024;
/** Between two looks at a command that puts nothing out. */
const POLL_MS = { first: 50, growth: 1.5, longest: 500 };
/** For what is run between the lines: starting, looking, ending. */
const SCRIPT_TIMEOUT_S = 30;
const END_TIMEOUT_MS = 5000;
/** How often a look may fail in a row before the command is given up. */
const MAX_LOST_LOOKS = 3;

/** Runs a command in a session. Its output comes while it runs, and may be of any size. */
export async function runInSession(
  transport: ZypiTransport,
  command: ZypiCommand,
  sinks: ZypiSinks,
  signal: AbortSignal,
): Promise<Omit<ZypiEnding, "durationMs"> & { durationMs?: number }> {
  const run = new SessionCommand(transport, command, sinks);
  const deadline = new AbortController();
  const onAbort = () => deadline.abort(abortError(signal));
  signal.addEventListener("abort", onAbort, { once: true });
  const clearTimer = systemClock.setTimer(command.timeoutMs, () => deadline.abort(timeoutError(run.attempt)));
  try {
    return await run.run(deadline.signal);
  } finally {
    clearTimer();
    signal.removeEventListener("abort", onAbort);
    await run.end();
  }
}

/** Ends a command that may still run in a session; there need be neither. */
export async function endInSession(
  transport: ZypiTransport,
  sessionId: string,
  runId: string,
  signal: AbortSignal,
): Promise<void> {
  const cmd = ["/bin/sh", "-c", END_SCRIPT, "sh", folderOfRun(runId)];
  const path = `sessions/${encodeURIComponent(sessionId)}/exec`;
  const answer = await transport.send({ method: "POST", path, body: { cmd, timeout: SCRIPT_TIMEOUT_S } }, signal);
  if (answer.status !== 200 && answer.status !== 404) {
    throw answerError(answer, { action: `Cannot end what runs in session "${sessionId}"`, sessionId });
  }
}

function folderOfRun(runId: string): string {
  return `/tmp/.flow-${runId}`;
}

class SessionCommand {
  readonly attempt: ZypiAttempt;
  readonly #transport: ZypiTransport;
  readonly #command: ZypiCommand;
  readonly #folder: string;
  readonly #streams: SessionStreams;
  #containerId = "";
  #hasBegun = false;
  /** Whether the VM has what packing needs, as far as is known. */
  #canPack = true;

  constructor(transport: ZypiTransport, command: ZypiCommand, sinks: ZypiSinks) {
    const { sessionId, timeoutMs, runId = crypto.randomUUID(), maxOutputBytes = DEFAULT_MAX_OUTPUT_BYTES } = command;
    this.#folder = folderOfRun(runId);
    this.#transport = transport;
    this.#command = command;
    this.#streams = new SessionStreams(sinks, maxOutputBytes);
    this.attempt = { action: `Cannot run "${nameCommand(command.command.join(" "))}"`, sessionId, timeoutMs };
  }

  async run(signal: AbortSignal): Promise<{ exitCode: number; containerId: string }> {
    this.#hasBegun = true;
    await this.#writeFiles(signal);
    const { env, workdir, command } = this.#command;
    const start = [START_SCRIPT, "sh", this.#folder, String(PIECE_BYTES), ...command];
    let report = parseReport(await this.#script(start, signal, { env, workdir }));
    for (let delayMs = POLL_MS.first; !this.#streams.take(report);) {
      if (report.code !== undefined && await this.#takePacked(report, signal)) continue;
      if (report.code === undefined && report.out.length + report.err.length === 0) {
        await sleep(systemClock, delayMs, signal);
        delayMs = Math.min(delayMs * POLL_MS.growth, POLL_MS.longest);
      } else {
        delayMs = POLL_MS.first;
      }
      report = await this.#look(this.#folder, this.#streams, report.code !== undefined, signal);
    }
    return { exitCode: report.code ?? -1, containerId: this.#containerId };
  }

  /** Ends the command if it still runs, and removes what it has left; that this fails harms nothing more. */
  async end(): Promise<void> {
    if (!this.#hasBegun) return;
    const { signal, clear } = startDeadline(END_TIMEOUT_MS);
    await this.#script([END_SCRIPT, "sh", this.#folder], signal).catch(() => {}).finally(clear);
  }

  async #writeFiles(signal: AbortSignal): Promise<void> {
    const { stdin } = this.#command;
    const files = listFiles(this.#command);
    if (stdin !== undefined) files.push({ path: `${this.#folder}/in`, content: stdin });
    for (const pieces of packPieces(files)) {
      const args = pieces.flatMap(({ path, isFirst, bytes }) => {
        return [folderOf(path), path, isFirst ? "new" : "more", encodeBase64(bytes)];
      });
      await this.#script([WRITE_SCRIPT, "sh", ...args], signal);
    }
  }

  /**
   * Of a command that has ended, reads much output compressed. Answers false if there is little, or the VM cannot; else
   * `report` has nothing more to bring.
   */
  async #takePacked(report: Report, signal: AbortSignal): Promise<boolean> {
    const wanted = this.#streams.wantedOf(report);
    if (!this.#canPack || wanted.out.count + wanted.err.count < PACKED_FROM_BYTES) return false;
    const ranges = [wanted.out, wanted.err].flatMap(({ offset, count }) => [String(offset), String(count)]);
    const args = [PACK_SCRIPT, "sh", this.#folder, String(PIECE_BYTES), ...ranges];
    // Whatever keeps it from packing (no gzip, a full disk, a crash), it can still be read as it is.
    const first = await this.#script(args, signal).catch(() => "");
    this.#canPack = first !== "";
    if (!this.#canPack) return false;
    const [out, err] = [new PackedBytes(), new PackedBytes()];
    const packed = new SessionStreams({ stdout: out, stderr: err }, Infinity);
    for (let part = parseReport(first); !packed.take(part);) {
      part = await this.#look(`${this.#folder}/packed`, packed, true, signal);
    }
    report.out = await out.unpack(wanted.out.count);
    report.err = await err.unpack(wanted.err.count);
    return true;
  }

  /** Looking changes nothing, so a look that got lost is repeated. */
  async #look(folder: string, streams: SessionStreams, isEnded: boolean, signal: AbortSignal): Promise<Report> {
    const args = [POLL_SCRIPT, "sh", folder, ...[...streams.nextOffsets(isEnded), PIECE_BYTES].map(String)];
    for (let lost = 1;; lost++) {
      try {
        return parseReport(await this.#script(args, signal));
      } catch (error) {
        const isLost = error instanceof FlowError && error.code === "unavailable";
        if (!isLost || signal.aborted || lost > MAX_LOST_LOOKS) throw error;
        await sleep(systemClock, POLL_MS.longest, signal);
      }
    }
  }

  /** Runs a short script in the session and answers its stdout. */
  async #script(
    args: readonly string[],
    signal: AbortSignal,
    { env, workdir }: Pick<ZypiCommand, "env" | "workdir"> = {},
  ): Promise<string> {
    const path = `sessions/${encodeURIComponent(this.#command.sessionId ?? "")}/exec`;
    const body = { cmd: ["/bin/sh", "-c", ...args], env, workdir, timeout: SCRIPT_TIMEOUT_S };
    const timeoutMs = SCRIPT_TIMEOUT_S * 1000 + this.#transport.graceMs;
    const answer = await this.#transport.send({ method: "POST", path, body, timeoutMs }, signal);
    const { data } = answer.status === 200 ? execSchema().safeParse(answer.json) : {};
    const { action, sessionId } = this.attempt;
    if (data === undefined || data.timed_out === true) throw answerError(answer, { action, sessionId });
    this.#containerId = data.container_id;
    if (data.exit_code === 0) return data.stdout;
    throw new FlowError("node_failed", `${action}: ${data.stderr.trim() || `the VM answered ${data.exit_code}`}`, {
      hint: "Use an image with a POSIX shell, base64, head and tail.",
    });
  }
}

function startDeadline(ms: number): { signal: AbortSignal; clear: () => void } {
  const controller = new AbortController();
  return { signal: controller.signal, clear: systemClock.setTimer(ms, () => controller.abort()) };
}
