import type { FlowError } from "./errors.ts";
import type { Awaitable, ExecutionRecord } from "./store.ts";

/** Decides when an execution may begin or go on. What nodes call never asks: its caller would wait for itself. */
export interface ExecutionGate {
  /**
   * Answers when the execution may run, with what is to be called, once, when nothing of it runs any more. Until then
   * the execution exists and has a living owner. Rejects as soon as `signal` aborts.
   */
  enter(record: ExecutionRecord, signal: AbortSignal): Awaitable<() => void>;
}

/** One execution's way through the gate. */
export class Passage {
  readonly #gate: ExecutionGate | undefined;
  readonly #record: ExecutionRecord;
  readonly #stop = new AbortController();
  #suspended: FlowError | undefined;
  #leave = () => {};

  constructor(gate: ExecutionGate | undefined, record: ExecutionRecord) {
    this.#gate = record.called_by === undefined ? gate : undefined;
    this.#record = record;
  }

  /** Whether somebody is to be asked. */
  get isGuarded(): boolean {
    return this.#gate !== undefined;
  }

  /** Waits until the execution may run, or need not wait because it only has to end. @throws why it was suspended */
  async enter(): Promise<void> {
    const { signal } = this.#stop;
    try {
      if (this.#gate !== undefined && !signal.aborted) this.#leave = await this.#gate.enter(this.#record, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    if (this.#suspended !== undefined) throw this.#suspended;
  }

  /** Ends the waiting: there is nothing to run any more, only an end to be recorded. */
  skip(): void {
    this.#stop.abort();
  }

  /** Ends the waiting and leaves the execution as it is, to be resumed. */
  suspend(error: FlowError): void {
    this.#suspended = error;
    this.#stop.abort(error);
  }

  leave(): void {
    this.#leave();
    this.#leave = () => {};
  }
}
