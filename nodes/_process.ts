import { systemClock } from "../engine/clock.ts";
import { FlowError } from "../engine/errors.ts";
import type { ProcessStatus, Subprocess } from "../platform/types.ts";
import { nameCommand } from "./_exit_check.ts";
import { Pipe } from "./_pipe.ts";
import { Stopper } from "./_stopper.ts";

/** Background processes that keep the pipes open after the process has ended are given up after so long a silence ... */
const SILENCE_MS = 1000;
/** ... and after this time even if they go on talking. */
const LONGEST_DRAIN_MS = 5000;

/** What to do with a process while it runs. */
export interface SupervisionOptions {
  /** What to write to its standard input. */
  stdin: Uint8Array | undefined;
  /** Aborting it ends the process with all its descendants. */
  signal: AbortSignal;
  /** After this time it is ended too. */
  timeoutMs: number | undefined;
  /** How long it may take to end after SIGTERM before it gets SIGKILL. */
  graceMs: number;
  /** For messages. */
  name: string;
  /** The bytes are only good during the call. */
  onStdout(chunk: Uint8Array): void;
  /** The bytes are only good during the call. */
  onStderr(chunk: Uint8Array): void;
  /** The process has ended, but background processes still hold its pipes: they are ended now. */
  onLeftBehind(): void;
}

/**
 * Feeds and reads a process until it has ended. Settles only when its output has been read and nothing of it that was
 * to be stopped still runs. A background process that has closed its outputs (a daemon) may live on.
 *
 * @throws {FlowError} `timeout`, or the reason of the signal
 */
export async function superviseProcess(child: Subprocess, options: SupervisionOptions): Promise<ProcessStatus> {
  let lastDataMs = 0;
  const pipes = [
    new Pipe(child.stdout, (chunk) => (lastDataMs = performance.now(), options.onStdout(chunk))),
    new Pipe(child.stderr, (chunk) => (lastDataMs = performance.now(), options.onStderr(chunk))),
  ];
  const writer = child.stdin?.getWriter();
  const transfers = Promise.all([...pipes.map((pipe) => pipe.finished), feed(writer, options.stdin)]);
  const drain = () => Promise.race([transfers.then(() => true), isGivenUp(() => lastDataMs, transfers)]);
  const { signal, timeoutMs, name } = options;
  const stopper = new Stopper({ signal, timeoutMs, timeoutError: (ms) => timeoutError(name, ms) });
  transfers.catch((error) => stopper.stop(error));
  try {
    const status = await Promise.race([child.status, stopper.stopped]);
    if (await Promise.race([drain(), stopper.stopped])) return status;
    options.onLeftBehind();
    await child.endTree(options.graceMs);
    return status;
  } catch (error) {
    await child.endTree(options.graceMs);
    // Its last words are still in the pipes.
    await drain().catch(() => {});
    throw error;
  } finally {
    stopper.dispose();
    await Promise.all(pipes.map((pipe) => pipe.close()));
    writer?.abort().catch(() => {});
    await child.status;
  }
}

function timeoutError(name: string, timeoutMs: number): FlowError {
  return new FlowError("timeout", `Command "${nameCommand(name)}" timed out after ${timeoutMs / 1000} s`, {
    hint: "Raise timeout, or find out what it waits for.",
  });
}

/** A process need not read its input: that its end closes early is no error. */
async function feed(writer: WritableStreamDefaultWriter<Uint8Array> | undefined, bytes?: Uint8Array): Promise<void> {
  try {
    if (bytes !== undefined && bytes.length > 0) await writer?.write(bytes);
    await writer?.close();
  } catch {
    await writer?.abort().catch(() => {});
  }
}

/** Answers false when the pipes have been silent, or open, for too long; never answers if they are drained before. */
function isGivenUp(lastDataMs: () => number, drained: Promise<unknown>): Promise<false> {
  const { promise, resolve } = Promise.withResolvers<false>();
  const endedMs = performance.now();
  const check = () => {
    const now = performance.now();
    const deadlineMs = Math.min(Math.max(endedMs, lastDataMs()) + SILENCE_MS, endedMs + LONGEST_DRAIN_MS);
    if (now >= deadlineMs) return resolve(false);
    clear = systemClock.setTimer(deadlineMs - now, check);
  };
  let clear = () => {};
  check();
  drained.finally(() => clear()).catch(() => {});
  return promise;
}
