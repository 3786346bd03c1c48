import { abortError } from "../../engine/clock.ts";
import { lazy } from "../../engine/lazy.ts";
import type { Values } from "../../engine/value.ts";
import type { Platform } from "../../platform/types.ts";
import type { DockerRunContext } from "../docker_run.ts";
import { ContainerRun, type OutputTap } from "./container_run.ts";
import { LABELS } from "./container_spec.ts";
import { Containers } from "./containers.ts";
import { EngineClient } from "./engine_client.ts";
import { type DockerHost, findDockerHost } from "./host.ts";

/** Runs the containers of one flow. */
export class ContainerRunner {
  readonly #platform: Platform;
  readonly #graceMs: number;
  readonly #versions = new Map<string, string>();
  readonly #owner = lazy(() => ownerOf(this.#platform));

  constructor(platform: Platform, graceMs: number) {
    this.#platform = platform;
    this.#graceMs = graceMs;
  }

  /** @param onOutput gets all that the container writes, as it comes; the bytes are only good during the call */
  async run(ctx: DockerRunContext, onOutput?: OutputTap): Promise<Values> {
    if (ctx.signal.aborted) throw abortError(ctx.signal);
    const host = await findDockerHost(this.#platform, ctx.config.host);
    ctx.resourceOpened({ host: host.name, attempt_id: ctx.attempt_id }, { until: "attempt" });
    return await this.#withClient(host, async (client) => {
      const run = { ctx, client, platform: this.#platform, owner: this.#owner(), graceMs: this.#graceMs, onOutput };
      return await new ContainerRun(run).run();
    });
  }

  /** Deletes the container of an attempt that did not come to its end; `resource` is what the attempt has announced. */
  async removeContainerOf(resource: Values): Promise<void> {
    const { host, attempt_id } = resource;
    if (typeof host !== "string" || typeof attempt_id !== "string") return;
    await this.#withClient(await findDockerHost(this.#platform, host), async (client) => {
      await new Containers(client).removeAll({ [LABELS.attempt]: attempt_id }, () => true);
    });
  }

  async #withClient<T>(host: DockerHost, work: (client: EngineClient) => Promise<T>): Promise<T> {
    const client = new EngineClient(this.#platform, host, this.#versions);
    try {
      return await work(client);
    } finally {
      client.close();
    }
  }
}

/** Tells this process from all others that ever used the same engine. */
function ownerOf(platform: Platform): string {
  return `${platform.hostname()}:${platform.pid}:${platform.startedOf(platform.pid) ?? ""}`;
}
