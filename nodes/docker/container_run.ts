/**
 * One container, from its creation to its end.
 *
 *   C1. We are attached before it starts, so nothing that it writes is lost.
 *   C2. What it writes is read until the container has ended, also while it is being stopped: an engine that cannot get
 *       rid of output does not answer calls about that container.
 *   C3. Unless it is to stay, the container is deleted when `run` settles; if the engine cannot, the next attempt does.
 */
import { abortError, sleep, systemClock } from "../../engine/clock.ts";
import { FlowError } from "../../engine/errors.ts";
import type { Values } from "../../engine/value.ts";
import type { Platform } from "../../platform/types.ts";
import { CommandOutput } from "../_command_output.ts";
import { Stopper } from "../_stopper.ts";
import type { DockerRunContext } from "../docker_run.ts";
import { DockerAnswerError } from "./answer_error.ts";
import { toContainerInput } from "./container_input.ts";
import { toOutputs } from "./container_outcome.ts";
import { LABELS, toContainerSpec } from "./container_spec.ts";
import { Containers, type ListedContainer } from "./containers.ts";
import type { EngineClient } from "./engine_client.ts";
import { translateAnswer } from "./failures.ts";
import { parseImageReference } from "./image_reference.ts";
import { pullImage } from "./pull.ts";
import { findRegistryAuth } from "./registry_auth.ts";

/** How long the last output may take to come after the container has ended. */
const DRAIN_MS = 5000;
/** In `ctx.state`: ids of containers that an attempt of this process could not delete. */
const UNDELETED = "docker.undeleted";

/** Gets what a container writes. */
export type OutputTap = (stream: "stdout" | "stderr", bytes: Uint8Array) => void;

/** What a run needs. */
export interface ContainerRunOptions {
  ctx: DockerRunContext;
  client: EngineClient;
  platform: Platform;
  /** This process, for labels. */
  owner: string;
  /** Time between SIGTERM and SIGKILL. */
  graceMs: number;
  onOutput?: OutputTap | undefined;
}

/** One attempt of `docker.run`. */
export class ContainerRun {
  readonly #ctx: DockerRunContext;
  readonly #client: EngineClient;
  readonly #containers: Containers;
  readonly #platform: Platform;
  readonly #owner: string;
  readonly #graceMs: number;
  readonly #onOutput: OutputTap | undefined;

  constructor({ ctx, client, platform, owner, graceMs, onOutput }: ContainerRunOptions) {
    this.#ctx = ctx;
    this.#client = client;
    this.#containers = new Containers(client);
    this.#platform = platform;
    this.#owner = owner;
    this.#graceMs = graceMs;
    this.#onOutput = onOutput;
  }

  /** The outputs of the node. @throws {FlowError} */
  async run(): Promise<Values> {
    return await this.#run().catch((error) => {
      throw translateAnswer(error, "run", this.#ctx.config.image);
    });
  }

  async #run(): Promise<Values> {
    const { config, signal } = this.#ctx;
    const input = toContainerInput(this.#ctx);
    await this.#removeLeftovers();
    const id = await this.#create(input !== undefined);
    let isStaying = false;
    try {
      if (signal.aborted) throw abortError(signal);
      if (config.detached) {
        await this.#start(id);
        isStaying = true;
        return { output: id, stdout: id, stderr: "", exit_code: 0, success: true };
      }
      const output = new CommandOutput(this.#ctx);
      const code = await this.#attend(id, input, output);
      isStaying = !config.remove;
      return toOutputs(this.#ctx, { code, output, isOutOfMemory: code !== 0 && await this.#hasRunOutOfMemory(id) });
    } finally {
      if (!isStaying) await this.#remove(id);
    }
  }

  /** Creates the container, not yet running; pulls its image if the engine does not have it. */
  async #create(hasStdin: boolean): Promise<string> {
    const { config, log } = this.#ctx;
    const spec = toContainerSpec(this.#ctx, { owner: this.#owner, cwd: this.#platform.cwd(), hasStdin });
    const create = () => this.#containers.create(spec, config.name);
    try {
      const { id, warnings } = await create().catch(async (error) => {
        if (!(error instanceof DockerAnswerError) || error.status !== 404 || !config.auto_pull) throw error;
        await this.#pull();
        return await create();
      });
      for (const warning of warnings) log(`Docker: ${warning}`, "warning");
      return id;
    } catch (error) {
      throw translateAnswer(error, "create a container of", config.image);
    }
  }

  async #pull(): Promise<void> {
    const { config: { image }, signal, progress } = this.#ctx;
    const onProgress = (percent: number) => progress(percent, `Pulling "${image}"`);
    onProgress(0);
    try {
      const auth = await findRegistryAuth(this.#platform, parseImageReference(image).registry, signal);
      await pullImage(this.#client, { image, auth, signal, onProgress });
    } catch (error) {
      throw translateAnswer(error, "pull", image);
    }
    onProgress(100);
  }

  async #start(id: string): Promise<void> {
    try {
      await this.#containers.start(id, this.#ctx.signal);
    } catch (error) {
      throw translateAnswer(error, "start a container of", this.#ctx.config.image);
    }
  }

  /** Runs the container to its end, or stops it; answers its exit code. */
  async #attend(id: string, input: Uint8Array | undefined, output: CommandOutput): Promise<number> {
    const stream = await this.#client.attach(id, input !== undefined, this.#ctx.signal);
    const reading = stream.read((name, bytes) => {
      if (name === "system") return this.#ctx.log(`Docker: ${new TextDecoder().decode(bytes)}`, "warning");
      output[name].push(bytes);
      this.#onOutput?.(name, bytes);
    });
    reading.catch(() => {});
    let feeding: Promise<void> | undefined;
    let isStarted = false;
    try {
      await this.#start(id);
      isStarted = true;
      feeding = input === undefined ? undefined : stream.feed(input);
      return await this.#awaitEnd(id, reading);
    } catch (error) {
      // Who was cancelled while it started cannot know how far that has come.
      if (isStarted || this.#ctx.signal.aborted) await this.#stop(id, reading);
      throw error;
    } finally {
      stream.close();
      await Promise.allSettled([reading, feeding]);
      output.end();
    }
  }

  async #awaitEnd(id: string, reading: Promise<void>): Promise<number> {
    const { config: { image, timeout }, signal, log } = this.#ctx;
    const stopper = new Stopper({
      signal,
      timeoutMs: timeout === undefined ? undefined : timeout * 1000,
      timeoutError: (timeoutMs) => timeoutError(image, timeoutMs),
    });
    const watch = new AbortController();
    reading.catch((error) => stopper.stop(readError(error)));
    const ended = this.#containers.wait(id, watch.signal);
    ended.catch(() => {});
    try {
      const code = await Promise.race([ended, stopper.stopped]);
      if (!await isSettledWithin(reading, DRAIN_MS)) log("The last output of the container did not come", "warning");
      return code;
    } finally {
      stopper.dispose();
      watch.abort();
    }
  }

  async #stop(id: string, reading: Promise<void>): Promise<void> {
    const isStopped = await this.#containers.stop(id, this.#graceMs).then(() => true, () => false);
    // Its last words are still on the way.
    if (isStopped) await isSettledWithin(reading, DRAIN_MS);
  }

  async #hasRunOutOfMemory(id: string): Promise<boolean> {
    // Without an answer, the exit code has to tell enough.
    return await this.#containers.hasRunOutOfMemory(id).catch(() => false);
  }

  /** Deletes what attempts before this one have left, so that no two of them run at the same time. */
  async #removeLeftovers(): Promise<void> {
    const { execution_id, node_id, index, attempt, attempt_id, state } = this.#ctx;
    for (const id of undeletedIn(state)) await this.#containers.remove(id);
    state.delete(UNDELETED);
    // The first attempt has nobody before it.
    if (attempt === 1) return;
    const labels = { [LABELS.execution]: execution_id, [LABELS.node]: node_id };
    // Those of this process belong to attempts that take care of them.
    const isOthers = ({ labels }: ListedContainer) =>
      labels[LABELS.index] === (index === undefined ? undefined : String(index)) &&
      labels[LABELS.attempt] !== attempt_id && labels[LABELS.owner] !== this.#owner;
    for (const id of await this.#containers.removeAll(labels, isOthers)) {
      this.#ctx.log(`Deleted container ${id.slice(0, 12)}, which an interrupted attempt has left`);
    }
  }

  async #remove(id: string): Promise<void> {
    try {
      await this.#containers.remove(id);
    } catch (error) {
      const { state, log } = this.#ctx;
      state.set(UNDELETED, [...undeletedIn(state), id]);
      log(`Cannot delete container ${id.slice(0, 12)}: ${error instanceof Error ? error.message : error}`, "warning");
    }
  }
}

function undeletedIn(state: ReadonlyMap<string, unknown>): readonly string[] {
  return (state.get(UNDELETED) ?? []) as readonly string[];
}

async function isSettledWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  const controller = new AbortController();
  const settled = promise.then(() => true, () => true);
  const expired = sleep(systemClock, ms, controller.signal).then(() => false, () => false);
  try {
    return await Promise.race([settled, expired]);
  } finally {
    controller.abort();
  }
}

function readError(cause: unknown): FlowError {
  if (cause instanceof FlowError) return cause;
  return new FlowError("unavailable", "The connection to the output of the container broke off", {
    hint: "Check whether the Docker engine was stopped or restarted.",
    cause,
  });
}

function timeoutError(image: string, timeoutMs: number): FlowError {
  return new FlowError("timeout", `Container of "${image}" timed out after ${timeoutMs / 1000} s`, {
    hint: "Raise timeout, or find out what it waits for.",
  });
}
