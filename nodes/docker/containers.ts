import * as z from "zod";
import { sleep, systemClock } from "../../engine/clock.ts";
import { DockerAnswerError } from "./answer_error.ts";
import { LABELS } from "./container_spec.ts";
import type { EngineClient } from "./engine_client.ts";

const REMOVE_TRIES = 5;
const REMOVE_PAUSE_MS = 100;
/** Cancelled nodes have 30 seconds in all. */
const CLEAN_UP_TIMEOUT_MS = 7000;

const Created = z.object({ Id: z.string(), Warnings: z.array(z.string()).nullish() });
const Waited = z.object({ StatusCode: z.int(), Error: z.object({ Message: z.string().optional() }).nullish() });
const Inspected = z.object({ State: z.object({ OOMKilled: z.boolean().optional() }) });
const Listed = z.array(z.object({
  Id: z.string(),
  State: z.string().optional(),
  Labels: z.record(z.string(), z.string()).nullish(),
}));

/** A container as a list shows it. */
export interface ListedContainer {
  id: string;
  isRunning: boolean;
  /** Whether it ran once, and does not any more. */
  hasEnded: boolean;
  labels: Readonly<Record<string, string>>;
}

/** The containers of one engine. Calls throw what {@link EngineClient} throws. */
export class Containers {
  readonly #client: EngineClient;

  constructor(client: EngineClient) {
    this.#client = client;
  }

  async create(spec: object, name?: string): Promise<{ id: string; warnings: readonly string[] }> {
    const query = name === undefined ? {} : { name };
    const { Id, Warnings } = await this.#client.call("POST", "/containers/create", Created, { query, body: spec });
    return { id: Id, warnings: Warnings ?? [] };
  }

  /** An engine that is starting a container goes on with it also if `signal` aborts. */
  async start(id: string, signal: AbortSignal): Promise<void> {
    await this.#client.act("POST", `/containers/${id}/start`, { signal });
  }

  /** The exit code, when the container has ended. To be called after it has started. */
  async wait(id: string, signal: AbortSignal): Promise<number> {
    const path = `/containers/${id}/wait`;
    const { StatusCode, Error } = await this.#client.call("POST", path, Waited, { signal, timeoutMs: Infinity });
    if (Error?.Message) throw new DockerAnswerError(500, Error.Message);
    return StatusCode;
  }

  /** Its stop signal, mostly SIGTERM, and SIGKILL after `graceMs`, in whole seconds. Answers when it has ended. */
  async stop(id: string, graceMs: number): Promise<void> {
    const query = { t: String(Math.ceil(graceMs / 1000)) };
    await this.#client.act("POST", `/containers/${id}/stop`, { query, timeoutMs: graceMs + CLEAN_UP_TIMEOUT_MS });
  }

  /** Whether the system has killed one of its processes for want of memory. */
  async hasRunOutOfMemory(id: string): Promise<boolean> {
    const { State } = await this.#client.call("GET", `/containers/${id}/json`, Inspected);
    return State.OOMKilled ?? false;
  }

  /** Kills it if it runs, and deletes it with its nameless volumes. One that is not there is no error. */
  async remove(id: string): Promise<void> {
    const request = { query: { force: "1", v: "1" }, timeoutMs: CLEAN_UP_TIMEOUT_MS };
    for (let left = REMOVE_TRIES - 1;; left--) {
      try {
        return await this.#client.act("DELETE", `/containers/${id}`, request);
      } catch (error) {
        if (error instanceof DockerAnswerError && error.status === 404) return;
        // Its files may be busy for a moment, or someone else is at it.
        if (!(error instanceof DockerAnswerError) || left === 0) throw error;
        await sleep(systemClock, REMOVE_PAUSE_MS);
      }
    }
  }

  /**
   * Deletes those with these labels that `isUnwanted`, but for such as are to stay when they have ended. Answers their
   * ids.
   */
  async removeAll(
    labels: Readonly<Record<string, string>>,
    isUnwanted: (container: ListedContainer) => boolean,
  ): Promise<string[]> {
    const found = (await this.list(labels)).filter((container) => {
      return (!container.hasEnded || container.labels[LABELS.keep] === undefined) && isUnwanted(container);
    });
    for (const { id } of found) await this.remove(id);
    return found.map(({ id }) => id);
  }

  /** All containers, running or not, that have these labels. */
  async list(labels: Readonly<Record<string, string>>): Promise<ListedContainer[]> {
    const label = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
    const query = { all: "1", filters: JSON.stringify({ label }) };
    const found = await this.#client.call("GET", "/containers/json", Listed, { query });
    return found.map(({ Id, State, Labels }) => ({
      id: Id,
      isRunning: State === "running",
      hasEnded: State === "exited" || State === "dead",
      labels: Labels ?? {},
    }));
  }
}
