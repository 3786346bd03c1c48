import { abortError } from "../../engine/clock.ts";
import { lazy } from "../../engine/lazy.ts";
import type { Values } from "../../engine/value.ts";
import type { Platform } from "../../platform/types.ts";
import type { DockerRunContext } from "../docker_run.ts";
import { ContainerRun } from "./container_run.ts";
import { EngineClient } from "./engine_client.ts";
import { findDockerHost } from "./host.ts";

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

  async run(ctx: DockerRunContext): Promise<Values> {
    if (ctx.signal.aborted) throw abortError(ctx.signal);
    const host = await findDockerHost(this.#platform, ctx.config.host);
    const client = new EngineClient(this.#platform, host, this.#versions);
    try {
      const run = { ctx, client, platform: this.#platform, owner: this.#owner(), graceMs: this.#graceMs };
      return await new ContainerRun(run).run();
    } finally {
      client.close();
    }
  }
}

/** Tells this process from all others that ever used the same engine. */
function ownerOf(platform: Platform): string {
  return `${platform.hostname()}:${platform.pid}:${platform.startedOf(platform.pid) ?? ""}`;
}
