import { abortError } from "../../engine/clock.ts";
import { FlowError } from "../../engine/errors.ts";
import { lazy } from "../../engine/lazy.ts";
import type { Value, Values } from "../../engine/value.ts";
import type { Platform, SpawnOptions, Subprocess } from "../../platform/types.ts";
import { attemptVariables, BASE_VARIABLES, pickVariables } from "../_environment.ts";
import { reportProcess } from "../_process_report.ts";
import { toJsonText } from "../_value.ts";
import type { PythonTaskContext, PythonTaskOptions } from "../python_task.ts";
import { encodeFrame } from "./frames.ts";
import { keepPackage } from "./keep_package.ts";
import { PythonWorker } from "./worker.ts";
import { WorkerPool } from "./worker_pool.ts";

/** Time between SIGTERM and SIGKILL for a worker in the middle of a call. */
const GRACE_MS = 2000;
/** The same for one that has nothing to do. */
const IDLE_GRACE_MS = 500;
/**
 * Without the folder that it runs in on its module path: a file there could shadow modules of Python. Its argument, a
 * folder with the package, comes last: what is installed goes first.
 */
const START_WORKER = "import sys; sys.path[:] = [*filter(None, sys.path), *sys.argv[1:]]; del sys.argv[1:]; " +
  "from flowengine.worker.__main__ import main; main()";

/** What a worker is to call, with which arguments and variables. */
export interface PythonCall extends Pick<PythonTaskContext, "config" | "inputs"> {
  env: Record<string, string>;
}

/** Calls Python functions for one flow. It owns the workers; each is ended with its execution. */
export class TaskRunner {
  readonly #platform: Platform;
  readonly #warmWorkers: number;
  readonly #ownVariables = lazy(() => this.#platform.envAll());
  readonly #packageFolder = lazy(() => keepPackage(this.#platform));
  readonly #pools = new Map<string, WorkerPool<PythonWorker>>();
  /** By their names. */
  readonly #workers = new Map<string, { worker: PythonWorker; poolKey: string }>();

  constructor(platform: Platform, { warmWorkers = navigator.hardwareConcurrency }: PythonTaskOptions) {
    this.#platform = platform;
    this.#warmWorkers = warmWorkers;
  }

  async run(ctx: PythonTaskContext): Promise<{ result: Value }> {
    if (ctx.signal.aborted) throw abortError(ctx.signal);
    const frame = encodeFrame(callText({ config: ctx.config, inputs: ctx.inputs, env: attemptVariables(ctx) }));
    const pool = this.#poolFor(ctx, await this.#packageFolder());
    const { worker, isNew } = await pool.acquire(ctx.signal);
    if (isNew) announce(worker, ctx);
    const stopReport = reportProcess(this.#platform, worker.child, ctx);
    try {
      return { result: await this.#call(worker, frame, ctx) };
    } finally {
      stopReport();
      pool.release(worker);
    }
  }

  /** Ends a worker that `resourceOpened` has told of, by this process or by one that is dead. */
  async closeWorker({ worker: name, pid, started }: Values): Promise<void> {
    if (typeof name !== "string") return;
    const known = this.#workers.get(name);
    if (known !== undefined) return await this.#end(known.worker, known.poolKey);
    const process = typeof pid === "number" && typeof started === "string" ? { process: { pid, started } } : {};
    await this.#platform.endLeftovers({ mark: name, ...process }, IDLE_GRACE_MS);
  }

  /** Ends the worker when the signal aborts: Python code cannot be stopped in any other way. */
  async #call(worker: PythonWorker, frame: Uint8Array, ctx: PythonTaskContext): Promise<Value> {
    const { promise: stopped, reject: stop } = Promise.withResolvers<never>();
    stopped.catch(() => {});
    const onAbort = () => stop(abortError(ctx.signal));
    ctx.signal.addEventListener("abort", onAbort, { once: true });
    if (ctx.signal.aborted) onAbort();
    const listener = {
      onLine: (stream: "stdout" | "stderr", line: string) => stream === "stdout" ? ctx.stdout(line) : ctx.stderr(line),
    };
    const calling = worker.call(frame, listener);
    try {
      return await Promise.race([calling, stopped]);
    } catch (error) {
      if (ctx.signal.aborted || !worker.isAlive) {
        await worker.end(GRACE_MS);
        await this.#platform.endLeftovers({ mark: ctx.attempt_id }, GRACE_MS);
        await calling.catch(() => {});
      }
      throw error;
    } finally {
      ctx.signal.removeEventListener("abort", onAbort);
    }
  }

  #poolFor(
    { execution_id, config }: PythonTaskContext,
    packageFolder: string | undefined,
  ): WorkerPool<PythonWorker> {
    const { python, path, env, env_passthrough, workdir = "" } = config;
    const key = JSON.stringify([execution_id, python, workdir, path, env_passthrough, env]);
    let pool = this.#pools.get(key);
    if (pool === undefined) {
      pool = new WorkerPool(() => {
        try {
          return this.#start(config, key, packageFolder);
        } catch (error) {
          this.#forgetUnused(key);
          throw error;
        }
      }, this.#warmWorkers);
      this.#pools.set(key, pool);
    }
    return pool;
  }

  #start(
    { python, path, env, env_passthrough, workdir }: PythonTaskContext["config"],
    poolKey: string,
    packageFolder: string | undefined,
  ): PythonWorker {
    const own = this.#ownVariables();
    const separator = this.#platform.os === "windows" ? ";" : ":";
    // Who names no folders expects what `python -m` does.
    const folders = path.length === 0 ? ["."] : path;
    const modulePath = [...folders, env.PYTHONPATH ?? own.PYTHONPATH ?? ""].filter((entry) => entry !== "");
    const name = crypto.randomUUID();
    const child = startPython(this.#platform, {
      command: python,
      args: ["-c", START_WORKER, ...(packageFolder === undefined ? [] : [packageFolder])],
      env: {
        ...pickVariables(own, [...BASE_VARIABLES, "VIRTUAL_ENV", "PYTHONHOME", ...env_passthrough]),
        ...env,
        PYTHONPATH: modulePath.join(separator),
      },
      cwd: workdir,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      mark: name,
    });
    const worker = new PythonWorker({ name, child, python });
    this.#workers.set(name, { worker, poolKey });
    return worker;
  }

  async #end(worker: PythonWorker, poolKey: string): Promise<void> {
    this.#workers.delete(worker.name);
    this.#forgetUnused(poolKey);
    await worker.end(IDLE_GRACE_MS);
  }

  #forgetUnused(poolKey: string): void {
    const isUnused = this.#workers.values().every((other) => other.poolKey !== poolKey);
    if (isUnused) this.#pools.delete(poolKey);
  }
}

/** @throws {FlowError} with what to do about a Python that is not there: the flow may come from another machine */
function startPython(platform: Platform, options: SpawnOptions): Subprocess {
  try {
    return platform.spawn(options);
  } catch (error) {
    if (!(error instanceof FlowError) || error.code !== "program_not_found") throw error;
    throw new FlowError(error.code, error.message, {
      hint:
        "Install this Python, name one of this machine (python, or server_python of the Python client), or run the " +
        "function in an image.",
      retryable: false,
      cause: error,
    });
  }
}

/** Tells the journal of a worker, so that it is ended with the execution, whoever comes to its end. */
function announce({ name, child: { pid, started } }: PythonWorker, ctx: PythonTaskContext): void {
  ctx.resourceOpened({ worker: name, pid, started }, { until: "execution" });
}

/** A call as it is sent to a worker. @throws {FlowError} `invalid_config` */
export function callText({ config, inputs, env }: PythonCall): string {
  const { module = null, file = null, code = null, function: name, by_file } = config;
  if ([module, file, code].filter((place) => place !== null).length !== 1) {
    throw new FlowError("invalid_config", `Cannot call "${name}": either module, file or code has to be given`, {
      hint: 'Write module: "reports.daily" for what can be imported, or file: "daily.py".',
      retryable: false,
    });
  }
  return toJsonText({ module, file, code, function: name, by_file, inputs, env });
}
