import { abortError, sleep, systemClock } from "../../engine/clock.ts";
import { decodeBase64, encodeBase64 } from "../../engine/base64.ts";
import { FlowError } from "../../engine/errors.ts";
import { nameCommand } from "../_exit_check.ts";
import { execSchema } from "./answers.ts";
import {
  DEFAULT_MAX_OUTPUT_BYTES,
  type ZypiCommand,
  type ZypiEnding,
  type ZypiSink,
  type ZypiSinks,
} from "./client.ts";
import { answerError, timeoutError, type ZypiAttempt } from "./errors.ts";
import { asBytes, folderOf, type GuestFile, listFiles } from "./files.ts";
import { END_SCRIPT, POLL_SCRIPT, START_SCRIPT, WRITE_SCRIPT } from "./session_scripts.ts";
import type { ZypiTransport } from "./transport.ts";

/** In base64 with the rest of the answer, this stays below the server's 1,460 bytes. */
const PIECE_BYTES = 900;
/** Of files per request: arguments have limits, and so may have the lines that the agent in the VM reads. */
const FILE_PIECE_BYTES = 32 * 1024;
/** Between two looks at a command that puts nothing out. */
const POLL_MS = { first: 50, growth: 1.5, longest: 500 };
/** What a small file costs at least. */
const PATH_BYTES = 256;
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

/** What a report of the scripts says. */
interface Report {
  /** Undefined while it runs. */
  code: number | undefined;
  outBytes: number;
  errBytes: number;
  out: Uint8Array;
  err: Uint8Array;
}

/** One stream of the command: what has been read of it, and who gets it. */
class Reader {
  readonly #sink: ZypiSink;
  readonly #maxBytes: number;
  #read = 0;

  constructor(sink: ZypiSink, maxBytes: number) {
    this.#sink = sink;
    this.#maxBytes = maxBytes;
  }

  /** Where the next piece begins; beyond all ends while no more is wanted. */
  nextOffset(isEnded: boolean): number {
    return !isEnded && this.#read >= this.#maxBytes ? Number.MAX_SAFE_INTEGER : this.#read;
  }

  take(piece: Uint8Array): void {
    this.#read += piece.length;
    if (piece.length > 0) this.#sink.push(piece);
  }

  /** Answers whether the whole stream, of `total` bytes, has been read, but what is too much from its middle. */
  finish(total: number): boolean {
    const tooMuch = total - this.#read - Math.floor(this.#maxBytes / 2);
    if (this.#read >= this.#maxBytes && tooMuch > 0) {
      this.#sink.skip(tooMuch);
      this.#read += tooMuch;
    }
    return this.#read >= total;
  }
}

class SessionCommand {
  readonly attempt: ZypiAttempt;
  readonly #transport: ZypiTransport;
  readonly #command: ZypiCommand;
  readonly #folder: string;
  readonly #out: Reader;
  readonly #err: Reader;
  #containerId = "";
  #hasBegun = false;

  constructor(transport: ZypiTransport, command: ZypiCommand, sinks: ZypiSinks) {
    const { sessionId, timeoutMs, runId = crypto.randomUUID(), maxOutputBytes = DEFAULT_MAX_OUTPUT_BYTES } = command;
    this.#folder = folderOfRun(runId);
    this.#transport = transport;
    this.#command = command;
    this.#out = new Reader(sinks.stdout, maxOutputBytes);
    this.#err = new Reader(sinks.stderr, maxOutputBytes);
    this.attempt = { action: `Cannot run "${nameCommand(command.command.join(" "))}"`, sessionId, timeoutMs };
  }

  async run(signal: AbortSignal): Promise<{ exitCode: number; containerId: string }> {
    this.#hasBegun = true;
    await this.#writeFiles(signal);
    const { env, workdir, command } = this.#command;
    const start = [START_SCRIPT, "sh", this.#folder, String(PIECE_BYTES), ...command];
    let report = parseReport(await this.#script(start, signal, { env, workdir }));
    for (let delayMs = POLL_MS.first; !this.#take(report);) {
      if (report.code === undefined && report.out.length + report.err.length === 0) {
        await sleep(systemClock, delayMs, signal);
        delayMs = Math.min(delayMs * POLL_MS.growth, POLL_MS.longest);
      } else {
        delayMs = POLL_MS.first;
      }
      report = await this.#look(report.code !== undefined, signal);
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

  /** Looking changes nothing, so a look that got lost is repeated. */
  async #look(isEnded: boolean, signal: AbortSignal): Promise<Report> {
    const offsets = [this.#out.nextOffset(isEnded), this.#err.nextOffset(isEnded)];
    const args = [POLL_SCRIPT, "sh", this.#folder, ...[...offsets, PIECE_BYTES].map(String)];
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

  /** Hands on what a report brings; answers whether there is nothing more to come. */
  #take({ code, out, err, outBytes, errBytes }: Report): boolean {
    this.#out.take(out);
    this.#err.take(err);
    if (code === undefined) return false;
    const isOutRead = this.#out.finish(outBytes);
    return this.#err.finish(errBytes) && isOutRead;
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

function parseReport(text: string): Report {
  const [head = "", out = "", err = ""] = text.split("\n");
  const [, code = "", outBytes, errBytes] = /^(-|lost|\d+) (\d+) (\d+)$/.exec(head) ?? [];
  const [outPiece, errPiece] = [decodeBase64(out), decodeBase64(err)];
  if (outPiece === undefined || errPiece === undefined || errBytes === undefined) {
    throw new FlowError(
      "node_failed",
      `The session answered what makes no sense: ${JSON.stringify(text.slice(0, 200))}`,
    );
  }
  const exitCode = code === "-" ? undefined : code === "lost" ? -1 : Number(code);
  return { code: exitCode, outBytes: Number(outBytes), errBytes: Number(errBytes), out: outPiece, err: errPiece };
}

interface Piece {
  path: string;
  isFirst: boolean;
  bytes: Uint8Array;
}

/** The contents of files, in pieces that fit into a request together. */
function packPieces(files: readonly GuestFile[]): Piece[][] {
  const packs: Piece[][] = [];
  let room = 0;
  for (const { path, content } of files) {
    const bytes = asBytes(content);
    for (let at = 0; at === 0 || at < bytes.length;) {
      if (room < PATH_BYTES) {
        packs.push([]);
        room = FILE_PIECE_BYTES;
      }
      const piece = bytes.subarray(at, at + room);
      packs.at(-1)?.push({ path, isFirst: at === 0, bytes: piece });
      room -= piece.length + PATH_BYTES;
      at += Math.max(1, piece.length);
    }
  }
  return packs;
}

function startDeadline(ms: number): { signal: AbortSignal; clear: () => void } {
  const controller = new AbortController();
  return { signal: controller.signal, clear: systemClock.setTimer(ms, () => controller.abort()) };
}
