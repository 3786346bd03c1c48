import { systemClock } from "../../engine/clock.ts";
import { FlowError } from "../../engine/errors.ts";
import type { Value } from "../../engine/value.ts";
import type { ProcessStatus, Subprocess } from "../../platform/types.ts";
import { checkEnd } from "../_exit_check.ts";
import { LineSplitter } from "../_line_splitter.ts";
import { Pipe } from "../_pipe.ts";
import { FrameSplitter } from "./frames.ts";
import { readMessage, type WorkerMessage } from "./messages.ts";

/** What a worker writes to stderr when a call has ended: nothing that the call has written there comes after it. */
const CALL_END = "\x1eflow-call-end";
/** How long lines on stderr may come after the result. */
const LAST_LINES_MS = 1000;
/** How many of the last lines on stderr tell why a worker has ended. */
const KEPT_LINES = 5;

/** Who listens to a call. */
export interface CallListener {
  onLine(stream: "stdout" | "stderr", line: string): void;
}

/** One call that a worker is working on. */
interface Call {
  listener: CallListener;
  resolve(value: Value): void;
  reject(error: unknown): void;
  hasStderrEnded: () => void;
  stderrEnd: Promise<void>;
}

/** A Python process that calls functions, one at a time. Who owns it calls `end` when it is not needed any more. */
export class PythonWorker {
  /** Tells it from all other workers; its process carries it as the mark. */
  readonly name: string;
  readonly child: Subprocess;
  /** When the process has ended and its pipes are read. Never rejects. */
  readonly ended: Promise<ProcessStatus>;
  readonly #python: string;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array> | undefined;
  readonly #lastLines: string[] = [];
  readonly #pipes: readonly Pipe[];
  readonly #started = Promise.withResolvers<void>();
  #isReady = false;
  #isAlive = true;
  #call: Call | undefined;

  constructor({ name, child, python }: { name: string; child: Subprocess; python: string }) {
    this.name = name;
    this.child = child;
    this.#python = python;
    this.#writer = child.stdin?.getWriter();
    const frames = new FrameSplitter((message) => this.#receive(readMessage(message)));
    const lines = new LineSplitter((line) => this.#receiveStderr(line));
    this.#pipes = [
      new Pipe(child.stdout, (chunk) => frames.push(chunk)),
      new Pipe(child.stderr, (chunk) => lines.push(chunk)),
    ];
    for (const pipe of this.#pipes) pipe.finished.catch((error) => this.#break(error));
    this.ended = this.#watch();
  }

  /** Whether it can take a call. */
  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** When its first function has been imported and is called, or it has ended before that. Never rejects. */
  get started(): Promise<void> {
    return this.#started.promise;
  }

  /**
   * Answers what the function returned.
   *
   * @throws {FlowError} what the worker says; `exit_code` or `killed_by_signal` if the worker ended meanwhile
   */
  async call(frame: Uint8Array, listener: CallListener): Promise<Value> {
    if (!this.#isAlive) throw this.#endError(await this.ended);
    const { promise, resolve, reject } = Promise.withResolvers<Value>();
    const { promise: stderrEnd, resolve: hasStderrEnded } = Promise.withResolvers<void>();
    this.#call = { listener, resolve, reject, hasStderrEnded, stderrEnd };
    // If it cannot be written, the worker has ended, and that is what `ended` tells.
    this.#writer?.write(frame).catch(() => {});
    try {
      return await promise;
    } finally {
      this.#call = undefined;
    }
  }

  /** Ends the process and all that it has started. Resolves when nothing of it is left. */
  async end(graceMs: number): Promise<void> {
    this.#isAlive = false;
    this.#writer?.close().catch(() => {});
    await this.child.endTree(graceMs);
    await this.ended;
  }

  async #watch(): Promise<ProcessStatus> {
    const status = await this.child.status;
    this.#isAlive = false;
    this.#started.resolve();
    // Whatever it has left behind may hold the pipes for ever.
    await pause(LAST_LINES_MS, Promise.allSettled(this.#pipes.map((pipe) => pipe.finished)));
    await Promise.all(this.#pipes.map((pipe) => pipe.close()));
    this.#writer?.abort().catch(() => {});
    this.#call?.reject(this.#endError(status));
    return status;
  }

  #receive(message: WorkerMessage): void {
    const call = this.#call;
    switch (message.type) {
      case "ready":
        this.#isReady = true;
        return;
      case "loaded":
        return this.#started.resolve();
      case "line":
        return call?.listener.onLine(message.stream, message.line);
      case "result":
        return afterLastLines(call, () => call?.resolve(message.value));
      case "error":
        this.#started.resolve();
        return afterLastLines(call, () => call?.reject(message.error));
    }
  }

  #receiveStderr(line: string): void {
    const end = line.indexOf(CALL_END);
    const text = end < 0 ? line : line.slice(0, end);
    if (text !== "" || end < 0) {
      this.#lastLines.push(text);
      if (this.#lastLines.length > KEPT_LINES) this.#lastLines.shift();
      this.#call?.listener.onLine("stderr", text);
    }
    if (end < 0) return;
    this.#lastLines.length = 0;
    this.#call?.hasStderrEnded();
  }

  /** What comes from it makes no sense any more. */
  #break(error: unknown): void {
    this.#isAlive = false;
    this.#call?.reject(error);
    this.child.signalTree("SIGKILL");
  }

  #endError(status: ProcessStatus): unknown {
    const said = this.#lastLines.join("\n");
    if (!this.#isReady) return startError(this.#python, said);
    try {
      checkEnd("The Python worker", status, said);
    } catch (error) {
      return error;
    }
    return new FlowError("exit_code", "The Python worker exited before the function returned", {
      hint: "Do not call os._exit in it.",
    });
  }
}

function startError(python: string, said: string): FlowError {
  const reason = said.trimEnd().split("\n").at(-1) || "it ended at once";
  return new FlowError("invalid_config", `Cannot start a Python worker with "${python}": ${reason}`, {
    hint: `Install flowengine for this Python: "${python} -m pip install flowengine".`,
    retryable: false,
  });
}

/** What the call has written to stderr comes by another pipe: it may still be on its way. */
function afterLastLines(call: Call | undefined, settle: () => void): void {
  if (call === undefined) return;
  pause(LAST_LINES_MS, call.stderrEnd).then(settle);
}

/** Resolves when `awaited` does, or after `ms`. */
function pause(ms: number, awaited: Promise<unknown>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const clear = systemClock.setTimer(ms, resolve);
  awaited.then(() => (clear(), resolve()));
  return promise;
}
