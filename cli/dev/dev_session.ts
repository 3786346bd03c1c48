import type { Engine } from "../../engine/engine.ts";
import type { ExecutionHandle } from "../../engine/engine_options.ts";
import { buildWholeGraph } from "../../engine/language.ts";
import type { RerunPlan } from "../../engine/rerun.ts";
import type { Store } from "../../engine/store.ts";
import type { ExecutionResult } from "../../engine/verdict.ts";
import type { CliContext } from "../context.ts";
import { formatDuration } from "../duration.ts";
import { EarlyEnd } from "../early_end.ts";
import { killingAll } from "../local_runner.ts";
import { openEngine } from "../open_engine.ts";
import { redirectConsole } from "../redirect_console.ts";
import { nodeLabels } from "../render/labels.ts";
import { formatResult, formatResultJson } from "../render/result.ts";
import { formatComplaint } from "../report_error.ts";
import type { SecretFlags } from "../secret_sources.ts";
import { CompactLines } from "./compact_lines.ts";
import type { Snapshot } from "./dev_source.ts";
import { forceNodes, reuseAll } from "./force_nodes.ts";

/** How executions are run. */
export interface SessionFlags extends SecretFlags {
  readonly verbose?: boolean | undefined;
  /** Milliseconds. */
  readonly timeout?: number | undefined;
  readonly noCache?: boolean | undefined;
}

/** What has changed besides the document and its inputs. */
export interface Force {
  /** Something that nodes depend on: all of them run again. */
  all: boolean;
  /** Code: its nodes run again. */
  code: boolean;
  /** Documents, by their absolute paths: the nodes that call them run again. */
  called: ReadonlySet<string>;
}

interface Previous {
  readonly execution_id: string;
  readonly snapshot: Snapshot;
  readonly status: ExecutionResult["status"];
}

/** Nodes whose reasons are told one by one. */
const MAX_REASONS = 5;

/** Runs a workflow again and again, each time taking over what has not changed from the time before. */
export class DevSession {
  readonly #context: CliContext;
  readonly #store: Store;
  readonly #flags: SessionFlags;
  readonly #source: string;
  #previous: Previous | undefined;
  #handle: ExecutionHandle | undefined;
  #current: Snapshot | undefined;
  #cancelReason: string | undefined;

  /** `source`: the absolute path of the document, for the history. */
  constructor(context: CliContext, store: Store, flags: SessionFlags, source: string) {
    this.#context = context;
    this.#store = store;
    this.#flags = flags;
    this.#source = source;
  }

  /** Whether a state is another one than that which runs, or ran last, or is to run in any case. */
  isNew({ fingerprint }: Snapshot, { all, code, called }: Force): boolean {
    return all || code || called.size > 0 || this.#current?.fingerprint !== fingerprint;
  }

  /** Whether the last execution came to a good end. */
  get hasSucceeded(): boolean {
    return this.#previous?.status === "succeeded";
  }

  /** Ends the execution that runs, or is about to. */
  cancel(reason: string): void {
    this.#cancelReason = reason;
    this.#handle?.cancel(reason);
  }

  /** Runs what has changed, and all that did not succeed. @throws {FlowError} if it cannot start */
  async run(snapshot: Snapshot, force: Force): Promise<void> {
    const { platform } = this.#context;
    const engine = openEngine(platform, snapshot.registry, this.#store, this.#flags);
    this.#current = snapshot;
    this.#cancelReason = undefined;
    try {
      const handle = await this.#begin(engine, snapshot, force);
      this.#handle = handle;
      if (this.#cancelReason !== undefined) handle.cancel(this.#cancelReason);
      // Until it has ended, this is what the next one takes over from.
      this.#previous = { execution_id: handle.execution_id, snapshot, status: "cancelled" };
      const result = await this.#show(engine, handle, snapshot);
      if (result === undefined) return;
      this.#previous = { ...this.#previous, status: result.status };
      await this.#report(snapshot, result);
    } catch (error) {
      // What could not start may be tried again as it is.
      this.#current = undefined;
      throw error;
    } finally {
      this.#handle = undefined;
      await engine.close();
    }
  }

  async #begin(engine: Engine, snapshot: Snapshot, force: Force): Promise<ExecutionHandle> {
    const { workflow, inputs } = snapshot;
    const options = {
      verbose: this.#flags.verbose ?? false,
      timeoutMs: this.#flags.timeout,
      useCache: !this.#flags.noCache,
      workdir: this.#context.platform.cwd(),
      source: this.#source,
    };
    if (this.#previous === undefined || force.all) {
      this.#tell(`running ${count(workflow.nodes.length, "node")}`);
      return await engine.start(workflow, { ...options, inputs });
    }
    const plan = await this.#plan(engine, this.#previous, snapshot, force);
    this.#tell(describePlan(plan));
    return await engine.rerun(plan, options);
  }

  async #plan(engine: Engine, previous: Previous, snapshot: Snapshot, force: Force): Promise<RerunPlan> {
    const { workflow, inputs } = snapshot;
    const planned = await engine.planRerun(previous.execution_id, { workflow, inputs });
    // Nothing about the nodes is new; that would mean all of them, if somebody asked for a rerun.
    const isAll = planned.nodes.every(({ why }) => why === "all of it again");
    const plan = isAll ? reuseAll(planned) : planned;
    const reasons = reasonsToRun(snapshot, force);
    return reasons.size === 0 ? plan : forceNodes(plan, buildWholeGraph(workflow), reasons);
  }

  /** Undefined if the user would not wait for the end. */
  async #show(engine: Engine, handle: ExecutionHandle, { workflow }: Snapshot): Promise<ExecutionResult | undefined> {
    const context = this.#context;
    const renderer = new CompactLines(context.err, context.errStyle, workflow);
    handle.result.catch(() => {});
    const early = new EarlyEnd({
      context,
      lastResort: killingAll(context.platform, engine),
      handle,
      renderer,
      workflow,
    });
    const restoreConsole = redirectConsole((text) => renderer.print(handle.mask(text)));
    const follow = async () => {
      for await (const event of handle.events()) {
        renderer.onEvent(event);
        early.onEvent(event);
        if (context.err.isBehind) await context.err.flush();
      }
      return await handle.result;
    };
    try {
      return await Promise.race([follow(), early.impatience]);
    } finally {
      early.stop();
      restoreConsole();
      if (early.strayError !== undefined) context.err.write(formatComplaint(early.strayError, context.errStyle));
      await context.err.flush();
    }
  }

  async #report(
    { workflow, registry }: Snapshot,
    { status, outputs, duration_ms, error }: ExecutionResult,
  ): Promise<void> {
    const { out, outStyle, err, errStyle } = this.#context;
    const paint = status === "succeeded" ? errStyle.green : status === "failed" ? errStyle.red : errStyle.yellow;
    this.#tell(`${paint(status)} in ${formatDuration(duration_ms)}`);
    if (status === "succeeded") {
      out.write(out.isTerminal ? formatResult(workflow, registry, outputs, outStyle) : formatResultJson(outputs));
      await out.flush();
    } else if (status === "failed" && error !== undefined) err.write(formatComplaint(error, errStyle));
  }

  #tell(text: string): void {
    const { err, errStyle } = this.#context;
    err.write(`${errStyle.dim(new Date().toTimeString().slice(0, 8))} ${text}\n`);
  }
}

/** What a rerun does not see: changes outside of the document. */
function reasonsToRun({ workflow, ownTypes, called }: Snapshot, force: Force): Map<string, string> {
  const reasons = new Map<string, string>();
  for (const path of force.called) {
    for (const id of called.get(path) ?? []) reasons.set(id, "what it calls has changed");
  }
  if (!force.code) return reasons;
  for (const { id, node_type } of workflow.nodes) if (ownTypes.has(node_type)) reasons.set(id, "code changed");
  return reasons;
}

function describePlan({ workflow, nodes }: RerunPlan): string {
  const labels = nodeLabels(workflow);
  const run = nodes.filter(({ action }) => action === "run");
  const reused = nodes.length - run.length;
  const reasons = run.slice(0, MAX_REASONS).map(({ node_id, why }) => `${labels.get(node_id) ?? node_id}: ${why}`);
  const more = run.length > MAX_REASONS ? "; ..." : "";
  const why = reasons.length === 0 ? "" : ` (${reasons.join("; ")}${more})`;
  return `running ${run.length} of ${count(nodes.length, "node")}${why}, ${reused} reused`;
}

function count(total: number, noun: string): string {
  return total === 1 ? `1 ${noun}` : `${total} ${noun}s`;
}
