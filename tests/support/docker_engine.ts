/**
 * A Docker engine for tests: Debian's `dockerd`, started for one test file in a temporary folder, without a network of
 * its own. Or the one that `FLOW_TEST_DOCKER_HOST` names. Images are made from programs of this machine.
 */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { getPlatform } from "../../platform/mod.ts";
import { EngineClient } from "../../nodes/docker/engine_client.ts";
import { findDockerHost } from "../../nodes/docker/host.ts";
import { Containers } from "../../nodes/docker/containers.ts";
import { packBusybox, packPython } from "./docker_images.ts";

const START_TIMEOUT_MS = 30_000;
const CAP_SYS_ADMIN = 21n;

/** What tests do with an engine. */
export interface DockerEngine {
  /** For `host` and `DOCKER_HOST`. */
  readonly host: string;
  /** For what no node does. */
  readonly client: EngineClient;
  readonly containers: Containers;
  /** The name of an image with busybox and its applets. */
  readonly busybox: string;
  /** The name of an image with Python 3 and busybox; made when it is first asked for. */
  python(): Promise<string>;
  /** Ids of all containers that flow has created, running or not. */
  flowContainers(): Promise<string[]>;
}

/** An engine to be closed by whoever has opened it. */
export interface RunningEngine extends DockerEngine {
  close(): Promise<void>;
}

/** Why there can be no engine here; undefined if there can. */
export function whyNoDocker(): string | undefined {
  if (Deno.env.get("FLOW_TEST_DOCKER_HOST")) return undefined;
  if (Deno.build.os !== "linux") return "dockerd runs on Linux only";
  if (!hasCapability(CAP_SYS_ADMIN)) return "dockerd needs root";
  const missing = ["dockerd", "busybox"].filter((program) => findProgram(program) === undefined);
  return missing.length === 0
    ? undefined
    : `${missing.join(" and ")} not installed (apt-get install docker.io busybox-static)`;
}

const reason = whyNoDocker();
let isToldWhy = false;

/**
 * Gives the tests of a file an engine: it is started before the first of them and ended after the last one, which fails
 * if a container of flow is left. To be called once, before the tests are declared.
 */
export function useDockerEngine(): () => DockerEngine {
  let engine: RunningEngine | undefined;
  if (reason === undefined) {
    Deno.test.beforeAll(async () => {
      engine = await openEngine();
    });
    Deno.test.afterAll(async () => {
      const left = await engine?.flowContainers();
      await engine?.close();
      assert.deepEqual(left, [], "no container is left");
    });
  }
  return () => engine ?? assert.fail("the engine is there only while tests run");
}

/** A test that needs an engine; where there can be none it is skipped, and the reason is printed. */
export function dockerTest(name: string, work: () => Promise<void>): void {
  if (reason !== undefined && !isToldWhy) {
    isToldWhy = true;
    console.error(`Tests with Docker are skipped: ${reason}`);
  }
  Deno.test({ name, ignore: reason !== undefined, fn: work });
}

/** Starts an engine; for what is no test. */
export async function openEngine(): Promise<RunningEngine> {
  const given = Deno.env.get("FLOW_TEST_DOCKER_HOST");
  if (given) return await useEngine(given, async () => {});
  const folder = await Deno.makeTempDir({ prefix: "flow-docker-" });
  const host = `unix://${join(folder, "docker.sock")}`;
  const daemon = startDaemon(folder, host);
  const close = async () => {
    await daemon.stdin.close();
    await daemon.status;
    assert.deepEqual(findTraces(folder), [], "the engine leaves no process, mount or file");
  };
  try {
    await awaitSocket(folder, daemon);
    return await useEngine(host, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function useEngine(host: string, close: () => Promise<void>): Promise<RunningEngine> {
  const platform = getPlatform();
  const client = new EngineClient(platform, await findDockerHost(platform, host));
  const containers = new Containers(client);
  const busybox = "flow-test/busybox:latest";
  await importImage(client, busybox, await packBusybox());
  let python: Promise<string> | undefined;
  return {
    host,
    client,
    containers,
    busybox,
    python: () => python ??= packPython().then((tar) => importImage(client, "flow-test/python:latest", tar)),
    flowContainers: async () =>
      (await containers.list({})).flatMap(({ id, labels }) => "flow.node_id" in labels ? [id] : []),
    async close() {
      client.close();
      await close();
    },
  };
}

async function importImage(client: EngineClient, name: string, tar: Uint8Array<ArrayBuffer>): Promise<string> {
  const [repo = "", tag = ""] = name.split(":");
  const query = { fromSrc: "-", repo, tag, changes: "ENV PATH=/usr/bin:/bin" };
  await client.act("POST", "/images/create", { query, bytes: tar });
  return name;
}

/**
 * A shell stands between us and the daemon: when we are gone, however that came about, its stdin ends, and it takes the
 * daemon and its folder away.
 */
function startDaemon(folder: string, host: string): Deno.ChildProcess {
  const script = `
    cd "$1"
    dockerd --host "$2" --data-root "$1/data" --exec-root "$1/exec" --pidfile "$1/docker.pid" \\
      --bridge none --iptables=false >"$1/log" 2>&1 </dev/null &
    daemon=$!
    cat >/dev/null
    kill -TERM $daemon
    wait $daemon
    cd /
    # It leaves the namespace of the host's network behind.
    cut -d " " -f 2 /proc/mounts | grep "^$1/" | sort -r | xargs -r umount
    rm -rf "$1"`;
  return new Deno.Command("/bin/sh", {
    args: ["-c", script, "sh", folder, host],
    // When it is slow to end, its containerd leaves a report where temporary files go.
    env: { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", TMPDIR: folder },
    // Ctrl-C is for the tests; they end the daemon.
    detached: true,
    stdin: "piped",
    stdout: "null",
    stderr: "inherit",
  }).spawn();
}

async function awaitSocket(folder: string, daemon: Deno.ChildProcess): Promise<void> {
  let isOver = false;
  daemon.status.finally(() => isOver = true);
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (performance.now() < deadline && !isOver) {
    const connection = await Deno.connect({ transport: "unix", path: join(folder, "docker.sock") }).catch(() => {});
    connection?.close();
    if (connection !== undefined) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const log = await Deno.readTextFile(join(folder, "log")).catch(() => "");
  assert.fail(`dockerd did not start: ${log.slice(-2000)}`);
}

/** Processes, mounts and files that have to do with a folder. */
function findTraces(folder: string): string[] {
  const commands = Array.from(Deno.readDirSync("/proc"), ({ name }) => name).filter((name) => /^\d+$/.test(name))
    .map((pid) => readIfThere(`/proc/${pid}/cmdline`).replaceAll("\0", " "));
  const mounts = Deno.readTextFileSync("/proc/mounts").split("\n");
  const files = Array.from(Deno.readDirSync(dirname(folder)), ({ name }) => join(dirname(folder), name));
  return [...commands, ...mounts, ...files].filter((text) => text.includes(folder));
}

function readIfThere(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}

function findProgram(name: string): string | undefined {
  return ["/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/bin"].map((folder) => join(folder, name)).find(
    (path) => {
      try {
        return Deno.statSync(path).isFile;
      } catch {
        return false;
      }
    },
  );
}

function hasCapability(number: bigint): boolean {
  const [, bits = "0"] = /^CapEff:\s*([0-9a-f]+)$/m.exec(Deno.readTextFileSync("/proc/self/status")) ?? [];
  return (BigInt(`0x${bits}`) >> number & 1n) === 1n;
}
