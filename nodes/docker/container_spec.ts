import type { DockerRunContext } from "../docker_run.ts";
import { attemptVariables } from "../_environment.ts";
import { splitShellWords } from "../_shell_words.ts";
import { parseBytes, parseCpus, parseMount } from "./notation.ts";

/** Labels of everything that flow creates in an engine. */
export const LABELS = {
  execution: "flow.execution_id",
  node: "flow.node_id",
  /** Of a node with `map`: which item it is about. */
  index: "flow.index",
  attempt: "flow.attempt_id",
  /** The process that has created it, as `host:pid:started`. */
  owner: "flow.owner",
  /** Whether it is to stay when it has ended. */
  keep: "flow.keep",
} as const;

/** What a container is created from, besides the node's config. */
export interface SpecOptions {
  owner: string;
  /** For relative paths in volumes. */
  cwd: string;
  hasStdin: boolean;
}

/** The body of `POST /containers/create` for one attempt. */
export function toContainerSpec(ctx: DockerRunContext, { owner, cwd, hasStdin }: SpecOptions): object {
  const { config } = ctx;
  return {
    Image: config.image,
    ...(config.command === undefined ? {} : { Cmd: toWords(config.command) }),
    ...(config.entrypoint === undefined ? {} : { Entrypoint: toWords(config.entrypoint) }),
    // Its attempt is also the mark by which what runs for one is found on this machine.
    Env: Object.entries({ ...attemptVariables(ctx), ...config.env }).map(([name, value]) => `${name}=${value}`),
    Labels: {
      [LABELS.execution]: ctx.execution_id,
      [LABELS.node]: ctx.node_id,
      ...(ctx.index === undefined ? {} : { [LABELS.index]: String(ctx.index) }),
      [LABELS.attempt]: ctx.attempt_id,
      [LABELS.owner]: owner,
      ...(config.remove && !config.detached ? {} : { [LABELS.keep]: "true" }),
    },
    ...(config.workdir === undefined ? {} : { WorkingDir: config.workdir }),
    ...(config.user === undefined ? {} : { User: config.user }),
    Tty: false,
    AttachStdin: hasStdin,
    AttachStdout: !config.detached,
    AttachStderr: !config.detached,
    OpenStdin: hasStdin,
    // The container sees the end of its input when we have written all.
    StdinOnce: hasStdin,
    HostConfig: toHostConfig(config, cwd),
  };
}

function toHostConfig(config: DockerRunContext["config"], cwd: string): object {
  const { network, cpu_limit, memory_limit, pids_limit, volumes } = config;
  const memory = memory_limit === undefined ? undefined : parseBytes(String(memory_limit));
  const cpus = cpu_limit === undefined ? undefined : parseCpus(cpu_limit);
  return {
    // A process 1 that hands signals on and buries the dead: else most programs ignore SIGTERM.
    Init: true,
    // A container that is waited for is deleted by us, when all has been asked about it.
    AutoRemove: config.detached && config.remove,
    // We read it all; the engine would write it to its disk as well. Of a container that stays, people read the log.
    ...(config.detached || !config.remove ? {} : { LogConfig: { Type: "none" } }),
    ...(network === undefined ? {} : { NetworkMode: network }),
    ...(cpus === undefined ? {} : { NanoCpus: Math.round(cpus * 1e9) }),
    // With swap twice as much would be allowed.
    ...(memory === undefined ? {} : { Memory: memory, MemorySwap: memory }),
    ...(pids_limit === undefined ? {} : { PidsLimit: pids_limit }),
    // `Binds` would make a folder, owned by root, of a source that is not there.
    Mounts: volumes.flatMap((text) => {
      const mount = parseMount(text, cwd);
      if (mount === undefined) return [];
      const { kind, source, target, isReadOnly } = mount;
      return [{ Type: kind, Source: source, Target: target, ReadOnly: isReadOnly }];
    }),
  };
}

function toWords(words: string | readonly string[]): readonly string[] {
  return typeof words === "string" ? splitShellWords(words) : words;
}
