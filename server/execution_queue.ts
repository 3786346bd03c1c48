/**
 * Lets only so many executions run at the same time, and the others wait.
 *
 *   Q1. Never more than `maxExecutions` run, and of one workflow never more than `maxPerWorkflow`.
 *   Q2. As soon as one may run, one does: a workflow that is at its limit holds up no other.
 *   Q3. Workflows take turns: one with a thousand executions waiting does not hold up another's single one.
 *   Q4. Of one workflow, what was created first goes first.
 *
 * Nothing of it is stored: who waits exists already, and asks again when it is resumed.
 */
import { abortError } from "../engine/clock.ts";
import { FlowError } from "../engine/errors.ts";
import type { ExecutionGate } from "../engine/gate.ts";
import type { Awaitable, ExecutionRecord } from "../engine/store.ts";
import type { Admission, QueuedExecution, WaitingLine } from "./ports.ts";

/** How many executions may run, and wait. */
export interface QueueLimits {
  maxExecutions: number;
  /** Default: no limit of its own. */
  maxPerWorkflow?: number | undefined;
  /** Default 10000. */
  maxWaiting?: number | undefined;
}

interface Waiting {
  record: ExecutionRecord;
  admit(): void;
}

/** The executions of one workflow. */
interface Lane {
  workflowId: string;
  running: number;
  /** The oldest first. */
  waiting: Waiting[];
}

const DEFAULT_MAX_WAITING = 10_000;

export class ExecutionQueue implements ExecutionGate, WaitingLine {
  readonly #maxExecutions: number;
  readonly #maxPerWorkflow: number;
  readonly #maxWaiting: number;
  readonly #lanes = new Map<string, Lane>();
  /** Lanes with somebody waiting, in the order of their turns. */
  readonly #turns = new Set<Lane>();
  /** Those of them that are at their own limit: they have no turn. */
  readonly #full = new Set<Lane>();
  #running = 0;
  #waiting = 0;
  #isClosed = false;

  constructor({ maxExecutions, maxPerWorkflow, maxWaiting }: QueueLimits) {
    this.#maxExecutions = maxExecutions;
    this.#maxPerWorkflow = maxPerWorkflow ?? Infinity;
    this.#maxWaiting = maxWaiting ?? DEFAULT_MAX_WAITING;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Lets nobody in any more: the server is about to end. */
  close(): void {
    this.#isClosed = true;
  }

  /** @throws {FlowError} `rate_limited` if too many wait for another to be started */
  checkRoom(): void {
    if (this.#waiting < this.#maxWaiting) return;
    throw new FlowError("rate_limited", `Cannot start an execution: ${this.#waiting} wait already`, {
      hint: "Try again when some have ended.",
    });
  }

  enter(record: ExecutionRecord, signal: AbortSignal): Awaitable<() => void> {
    const lane = this.#laneOf(record.workflow.id);
    if (lane.waiting.length === 0 && this.#mayRun(lane)) return this.#begin(lane);
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        record,
        admit: () => {
          signal.removeEventListener("abort", giveUp);
          resolve(this.#begin(lane));
        },
      };
      const giveUp = () => {
        this.#remove(lane, waiting);
        reject(abortError(signal));
      };
      signal.addEventListener("abort", giveUp, { once: true });
      this.#add(lane, waiting);
    });
  }

  find({ execution_id, workflow: { id } }: ExecutionRecord): QueuedExecution | undefined {
    const lane = this.#lanes.get(id);
    const place = lane?.waiting.findIndex(({ record }) => record.execution_id === execution_id) ?? -1;
    return lane === undefined || place < 0 ? undefined : this.#describe(lane, place, this.#positionOf(lane, place));
  }

  list(limit: number): QueuedExecution[] {
    const found: QueuedExecution[] = [];
    let lanes = this.#inOrder();
    for (let place = 0; found.length < limit && lanes.length > 0; place++) {
      lanes = lanes.filter(({ waiting }) => waiting.length > place);
      for (const lane of lanes.slice(0, limit - found.length)) {
        found.push(this.#describe(lane, place, found.length + 1));
      }
    }
    return found;
  }

  #laneOf(workflowId: string): Lane {
    const lane = this.#lanes.get(workflowId) ?? { workflowId, running: 0, waiting: [] };
    this.#lanes.set(workflowId, lane);
    return lane;
  }

  #mayRun(lane: Lane): boolean {
    return !this.#isClosed && this.#running < this.#maxExecutions && lane.running < this.#maxPerWorkflow;
  }

  #begin(lane: Lane): () => void {
    this.#running++;
    lane.running++;
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#running--;
      lane.running--;
      this.#setTurn(lane);
      this.#admitNext();
    };
  }

  #add(lane: Lane, waiting: Waiting): void {
    const after = lane.waiting.findLastIndex(({ record }) => record.created_at <= waiting.record.created_at);
    lane.waiting.splice(after + 1, 0, waiting);
    this.#waiting++;
    this.#setTurn(lane);
  }

  #remove(lane: Lane, waiting: Waiting): void {
    const place = lane.waiting.indexOf(waiting);
    if (place < 0) return;
    lane.waiting.splice(place, 1);
    this.#waiting--;
    this.#setTurn(lane);
  }

  /** Keeps a lane's turn if it has one. */
  #setTurn(lane: Lane): void {
    const isFull = lane.running >= this.#maxPerWorkflow;
    const isWaiting = lane.waiting.length > 0;
    if (isWaiting && !isFull) this.#turns.add(lane);
    else this.#turns.delete(lane);
    if (isWaiting && isFull) this.#full.add(lane);
    else this.#full.delete(lane);
    if (!isWaiting && lane.running === 0) this.#lanes.delete(lane.workflowId);
  }

  #admitNext(): void {
    for (const lane of this.#turns) {
      if (this.#isClosed || this.#running >= this.#maxExecutions) return;
      const next = lane.waiting[0];
      if (next === undefined) continue;
      // Its next turn comes after that of all others.
      this.#turns.delete(lane);
      lane.waiting.shift();
      this.#waiting--;
      next.admit();
      this.#setTurn(lane);
    }
  }

  #inOrder(): Lane[] {
    return [...this.#turns, ...this.#full];
  }

  #positionOf(lane: Lane, place: number): number {
    let before = place;
    let isBehind = false;
    for (const other of this.#inOrder()) {
      if (other === lane) isBehind = true;
      else before += Math.min(other.waiting.length, isBehind ? place : place + 1);
    }
    return before + 1;
  }

  #describe(lane: Lane, place: number, position: number): QueuedExecution {
    const { execution_id } = lane.waiting[place]?.record ?? { execution_id: "" };
    const { workflowId: workflow_id, running } = lane;
    const reason = this.#full.has(lane)
      ? `The workflow has ${running} running ${plural(running)}, its limit; ${place} of it ${
        isAre(place)
      } before this one`
      : `The server has ${this.#running} running ${plural(this.#running)}, its limit; ${position - 1} ${
        isAre(position - 1)
      } before this one`;
    return { execution_id, workflow_id, position, reason };
  }
}

/** The engine, but for executions that would have to wait behind too many others. */
export function admitTo(engine: Admission, queue: ExecutionQueue): Admission {
  return {
    start: async (workflow, options) => {
      queue.checkRoom();
      return await engine.start(workflow, options);
    },
    rerun: async (plan, options) => {
      queue.checkRoom();
      return await engine.rerun(plan, options);
    },
    resume: (id) => engine.resume(id),
  };
}

function plural(count: number): string {
  return count === 1 ? "execution" : "executions";
}

function isAre(count: number): string {
  return count === 1 ? "is" : "are";
}
