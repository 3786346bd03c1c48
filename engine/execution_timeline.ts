import type { ErrorInfo } from "./errors.ts";
import type { EventOf, ExecutionEvent } from "./events.ts";
import type { Graph } from "./graph.ts";
import { buildWholeGraph } from "./language.ts";
import { createState, type ExecutionState, reduce } from "./state.ts";
import type { Workflow } from "./workflow.ts";

/** One try of one node. */
export interface AttemptExplanation {
  /** From 1. */
  attempt: number;
  /** How long it took, in milliseconds. */
  duration_ms: number;
  /** Why it did not succeed. */
  error?: ErrorInfo;
  /** The pause that was planned before the next attempt. */
  delay_ms?: number;
}

/** Where the time of a node went, in milliseconds; what it spent waiting for its predecessors is theirs. */
export interface TimeShares {
  /** All slots were taken, or others were first in the line. */
  waited_ms: number;
  /** Attempts were running. */
  run_ms: number;
  /** Pauses between attempts. */
  delay_ms: number;
  /** No process drove the execution. */
  down_ms: number;
  /** The rest: its slot was free, but the engine had not started the node yet. */
  engine_ms: number;
}

/** What two clocks showed at one moment, in milliseconds. */
export interface Moment {
  /** Since the epoch. */
  at: number;
  /** The time until then in which no process drove the execution. */
  down: number;
}

/** What is known of one node's way through its round. */
export interface NodeTrack extends TimeShares {
  /** When all its predecessors had ended. */
  ready?: Moment;
  /** Since when it has been waiting or running: its newest change. */
  since?: Moment;
  ended?: Moment;
  attempts: AttemptExplanation[];
  /** The pause that is under way. */
  pausing_ms: number;
}

/** Replays the state events of one execution and measures where each node's time went. */
export class ExecutionTimeline {
  readonly state: ExecutionState = createState("");
  readonly earlierRounds: ErrorInfo[] = [];
  resumed = 0;
  startedAt = 0;
  readonly #graph: Graph;
  readonly #slots: SlotLine;
  readonly #now: Moment = { at: 0, down: 0 };
  /** When the process that drove it was last heard of, if it has died since. */
  #cutOff: Moment | undefined;
  #tracks: NodeTrack[] = [];
  #waitsFor: number[] = [];
  /** The node whose end made each node ready; -1 if none did. */
  #readiedBy: number[] = [];
  #lastEnded = -1;
  /** Nodes that run for items, and the items that run. */
  readonly #mapped = new Set<string>();
  readonly #items = new Set<string>();

  constructor(workflow: Workflow) {
    this.#graph = buildWholeGraph(workflow);
    this.#slots = new SlotLine(workflow.settings.max_parallel_nodes);
    this.#beginRound();
  }

  /** Since the start. */
  get elapsedMs(): number {
    return this.#now.at - this.startedAt;
  }

  track(index: number): NodeTrack {
    return this.#tracks[index] ?? createTrack();
  }

  add(event: ExecutionEvent): void {
    if (event.type === "NodeEvent") return;
    this.#pass(event);
    reduce(this.state, event);
    // The time of a node with `map` is that from its first item to its last, but it is they that take slots.
    if ("index" in event && event.index !== undefined) {
      return this.#countItem(event.type, `${event.node_id} ${event.index}`);
    }
    switch (event.type) {
      case "WorkflowStarted":
        this.startedAt = this.#now.at;
        return this.#beginRound();
      case "WorkflowRetrying":
        this.earlierRounds.push(event.error);
        return this.#beginRound();
      case "NodeStarted":
        return this.#start(event);
      case "NodeExpanded":
        this.#mapped.add(event.node_id);
        return this.#slots.free(this.#now.at);
      case "NodeRetrying":
        return this.#pause(event, event.error);
      case "NodeRepeating":
        return this.#pause(event, undefined);
      case "NodeCompleted":
      case "NodeFailed":
      case "NodeSkipped":
        return this.#end(event);
    }
  }

  /** Indexes of the nodes that decided when the execution ended, the first one first. */
  criticalPath(): number[] {
    const path: number[] = [];
    for (let index = this.#lastEnded; index >= 0; index = this.#readiedBy[index] ?? -1) path.push(index);
    return path.reverse();
  }

  /** Moves the clocks on. They never go back, also if the machine's clock did. */
  #pass(event: ExecutionEvent): void {
    const now = this.#now;
    const at = Date.parse(event.timestamp);
    if (event.type === "WorkflowStarted") now.at = at;
    const passed = Math.max(0, at - now.at);
    if (event.type === "WorkflowResumed") {
      this.resumed++;
      this.#cutOff = { ...now };
      now.down += passed;
    }
    now.at += passed;
    if (event.type !== "WorkflowResumed") return;
    this.#slots.freeAll(now.at);
    this.#items.clear();
  }

  #beginRound(): void {
    const { count } = this.#graph;
    this.#slots.freeAll(this.#now.at);
    this.#mapped.clear();
    this.#items.clear();
    this.#lastEnded = -1;
    this.#tracks = Array.from({ length: count }, createTrack);
    this.#readiedBy = new Array(count).fill(-1);
    this.#waitsFor = Array.from({ length: count }, (_, index) => this.#graph.predecessorCount(index));
    for (const [index, track] of this.#tracks.entries()) if (this.#waitsFor[index] === 0) this.#makeReady(track);
  }

  #makeReady(track: NodeTrack): void {
    track.ready = track.since = { ...this.#now };
  }

  #countItem(type: ExecutionEvent["type"], item: string): void {
    if (type === "NodeStarted") {
      this.#items.add(item);
      this.#slots.take();
    } else if (type !== "NodeProcess" && type !== "NodeResource" && this.#items.delete(item)) {
      this.#slots.free(this.#now.at);
    }
  }

  #find(nodeId: string): NodeTrack | undefined {
    return this.#tracks[this.#graph.indexOf(nodeId)];
  }

  #start({ node_id, attempt }: EventOf<"NodeStarted">): void {
    const track = this.#find(node_id);
    if (track === undefined) return;
    this.#settleWait(track);
    track.attempts.push({ attempt, duration_ms: 0 });
  }

  /** Says what the time since the node's newest change was: a planned pause, no slot, no process, or the engine. */
  #settleWait(track: NodeTrack): void {
    const now = this.#now;
    const since = track.since ?? now;
    const down = now.down - since.down;
    const paused = Math.min(track.pausing_ms, now.at - since.at - down);
    const waited = now.at - since.at - down - paused;
    const couldStartAt = Math.max(since.at + paused, this.#slots.take());
    const engine = Math.min(waited, Math.max(0, now.at - couldStartAt));
    track.down_ms += down;
    track.delay_ms += paused;
    track.waited_ms += waited - engine;
    track.engine_ms += engine;
    track.pausing_ms = 0;
    track.since = { ...now };
  }

  #pause({ node_id, delay_ms }: EventOf<"NodeRetrying" | "NodeRepeating">, error: ErrorInfo | undefined): void {
    const track = this.#find(node_id);
    if (track === undefined) return;
    this.#endAttempt(track, error, true);
    track.pausing_ms = delay_ms;
    const attempt = track.attempts.at(-1);
    if (attempt !== undefined && delay_ms > 0) attempt.delay_ms = delay_ms;
  }

  /** What was cut off has run until its process was last heard of, and was down since. */
  #endAttempt(track: NodeTrack, error: ErrorInfo | undefined, hasSlot: boolean): void {
    const isCutOff = error?.code === "interrupted" && this.#cutOff !== undefined;
    const end = isCutOff ? this.#cutOff ?? this.#now : this.#now;
    const duration_ms = Math.max(0, end.at - (track.since ?? end).at);
    track.run_ms += duration_ms;
    track.since = { ...end };
    if (!isCutOff && hasSlot) this.#slots.free(this.#now.at);
    const attempt = track.attempts.at(-1);
    if (attempt === undefined) return;
    attempt.duration_ms = duration_ms;
    if (error !== undefined) attempt.error = error;
  }

  #end(event: EventOf<"NodeCompleted"> | EventOf<"NodeFailed"> | EventOf<"NodeSkipped">): void {
    const index = this.#graph.indexOf(event.node_id);
    const track = this.#tracks[index];
    if (track === undefined) return;
    const isRunning = track.attempts.length > 0 && track.attempts.at(-1)?.error === undefined;
    const error = event.type === "NodeFailed" ? event.error : undefined;
    if (isRunning) this.#endAttempt(track, error, !this.#mapped.has(event.node_id));
    track.ended = { ...this.#now };
    if (event.type !== "NodeSkipped") this.#lastEnded = index;
    for (const successor of this.#graph.successors(index)) this.#release(successor, index);
  }

  #release(index: number, by: number): void {
    const left = (this.#waitsFor[index] ?? 0) - 1;
    this.#waitsFor[index] = left;
    const track = this.#tracks[index];
    if (left !== 0 || track === undefined || track.ended !== undefined) return;
    this.#readiedBy[index] = by;
    this.#makeReady(track);
  }
}

/** Since when slots have been free: who starts takes the one that has been free for longest. */
class SlotLine {
  readonly #count: number;
  #untouched = 0;
  #untouchedSince = 0;
  #freedAt: number[] = [];
  #next = 0;

  constructor(count: number) {
    this.#count = count;
  }

  freeAll(at: number): void {
    this.#untouched = this.#count;
    this.#untouchedSince = at;
    this.#freedAt = [];
    this.#next = 0;
  }

  free(at: number): void {
    this.#freedAt.push(at);
  }

  /** Answers since when the slot was free. */
  take(): number {
    if (this.#untouched === 0) return this.#freedAt[this.#next++] ?? this.#untouchedSince;
    this.#untouched--;
    return this.#untouchedSince;
  }
}

function createTrack(): NodeTrack {
  return { attempts: [], pausing_ms: 0, waited_ms: 0, run_ms: 0, delay_ms: 0, down_ms: 0, engine_ms: 0 };
}
