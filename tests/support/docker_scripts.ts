import type { Values } from "../../engine/value.ts";
import { createDockerRun } from "../../nodes/docker_run.ts";
import { getPlatform } from "../../platform/mod.ts";
import type { DockerEngine } from "./docker_engine.ts";
import { type NodeRun, type NodeRunOptions, runNode } from "./node_harness.ts";

/** `docker.run`, with a second between SIGTERM and SIGKILL. */
export const dockerRun = createDockerRun(getPlatform(), { graceMs: 1000 });

/** Runs shell scripts in containers of an engine. */
export class DockerScripts {
  readonly #engine: () => DockerEngine;

  constructor(engine: () => DockerEngine) {
    this.#engine = engine;
  }

  /** The config of a container that runs a script. */
  config(script: string, more: Record<string, unknown> = {}): Record<string, unknown> {
    const { host, busybox } = this.#engine();
    return { host, image: busybox, network: "none", command: ["sh", "-c", script], ...more };
  }

  async run(script: string, options: NodeRunOptions = {}): Promise<NodeRun> {
    return await runNode(dockerRun, { ...options, config: this.config(script, options.config) });
  }

  async outputs(script: string, config: Record<string, unknown> = {}, inputs: Values = {}): Promise<Values> {
    return (await this.run(script, { config, inputs })).outputs;
  }

  async stdout(script: string, config: Record<string, unknown> = {}, inputs: Values = {}): Promise<unknown> {
    return (await this.outputs(script, config, inputs))["stdout"];
  }
}
