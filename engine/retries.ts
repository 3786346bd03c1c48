import type { Clock } from "./clock.ts";
import type { ErrorInfo, FlowError } from "./errors.ts";
import type { Recorder } from "./recorder.ts";
import { mayRetry, retryDelay } from "./retry.ts";
import type { Roster } from "./roster.ts";

/** What {@link Retries} works with. */
export interface RetriesOptions {
  roster: Roster;
  recorder: Recorder;
  clock: Clock;
  /** 0 <= x < 1; for jitter. */
  random: () => number;
  /** A unit waits from now on. */
  onPause(unit: number): void;
  /** Its delay has passed. */
  onDue(unit: number): void;
}

/** Units that run again, and wait for it: records that they will, and keeps the time. */
export class Retries {
  readonly #options: RetriesOptions;
  readonly #timers = new Map<number, () => void>();

  constructor(options: RetriesOptions) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#timers.size === 0;
  }

  /** Plans another attempt if the policy of the node allows one after `error`; otherwise answers false. */
  retry(unit: number, error: FlowError): boolean {
    const { roster, recorder, random } = this.#options;
    const { retry_policy } = roster.node(unit).spec;
    const { attempt = 1, failures = 0 } = roster.state(unit) ?? {};
    if (retry_policy === undefined || !mayRetry(retry_policy, failures + 1, error)) return false;
    const delay_ms = retryDelay(retry_policy, failures + 1, random);
    recorder.record({ type: "NodeRetrying", ...roster.subject(unit), attempt, delay_ms, error: error.toInfo() });
    this.later(unit, delay_ms);
    return true;
  }

  /** Plans another run after a success; answers false if there have been enough. */
  repeat(unit: number): boolean {
    const { roster, recorder } = this.#options;
    const { repeat } = roster.node(unit).spec;
    const { attempt = 1, repetitions = 0 } = roster.state(unit) ?? {};
    if (repeat === undefined || repetitions + 1 >= repeat.max) return false;
    const { delay_ms } = repeat;
    recorder.record({ type: "NodeRepeating", ...roster.subject(unit), attempt, delay_ms });
    this.later(unit, delay_ms);
    return true;
  }

  /** Records that an attempt was cut off, and is made again at once. */
  interrupted(unit: number, attempt: number, error: ErrorInfo): void {
    const { roster, recorder, onDue } = this.#options;
    recorder.record({ type: "NodeRetrying", ...roster.subject(unit), attempt, delay_ms: 0, error });
    onDue(unit);
  }

  later(unit: number, delayMs: number): void {
    const { clock, onPause, onDue } = this.#options;
    onPause(unit);
    const stop = clock.setTimer(delayMs, () => {
      this.#timers.delete(unit);
      onDue(unit);
    });
    this.#timers.set(unit, stop);
  }

  stop(unit: number): void {
    this.#timers.get(unit)?.();
    this.#timers.delete(unit);
  }

  stopAll(): void {
    for (const stop of this.#timers.values()) stop();
    this.#timers.clear();
  }
}
