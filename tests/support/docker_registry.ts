import assert from "node:assert/strict";
import { join } from "node:path";
import type { DockerEngine } from "./docker_engine.ts";

const PROGRAM = "docker-registry";
const START_TIMEOUT_MS = 20_000;
/** `flow:secret`, as `htpasswd -B` writes it. */
const HTPASSWD = "flow:$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n";

/** A registry of images on this machine. */
export interface DockerRegistry {
  /** Such as `127.0.0.1:40001`. */
  readonly address: string;
  /** Copies an image of the engine to `ADDRESS/NAME:TAG`; answers that. */
  push(image: string, name: string, tag?: string): Promise<string>;
  close(): Promise<void>;
}

/** Why there can be no registry here; undefined if there can. */
export function whyNoRegistry(): string | undefined {
  try {
    new Deno.Command(PROGRAM, { args: ["--version"], stdout: "null", stderr: "null" }).outputSync();
    return undefined;
  } catch {
    return "docker-registry is not installed (apt-get install docker-registry)";
  }
}

/** Starts Debian's `docker-registry`. With `isPrivate` only `flow` with the password `secret` may use it. */
export async function openRegistry(engine: DockerEngine, isPrivate = false): Promise<DockerRegistry> {
  const folder = await Deno.makeTempDir({ prefix: "flow-registry-" });
  const address = `127.0.0.1:${freePort()}`;
  await Deno.writeTextFile(join(folder, "htpasswd"), HTPASSWD);
  await Deno.writeTextFile(join(folder, "config.json"), JSON.stringify(config(folder, address, isPrivate)));
  const child = new Deno.Command(PROGRAM, {
    args: ["serve", join(folder, "config.json")],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  await awaitAnswer(address);
  return {
    address,
    async push(image, name, tag = "latest") {
      const target = `${address}/${name}`;
      await engine.client.act("POST", `/images/${image}/tag`, { query: { repo: target, tag } });
      const auth = btoa(JSON.stringify(isPrivate ? { username: "flow", password: "secret" } : {}));
      const request = { query: { tag }, headers: { "x-registry-auth": auth } };
      await engine.client.stream("POST", `/images/${target}/push`, request, (message) => {
        assert.ok(!(message instanceof Object && "error" in message), JSON.stringify(message));
      });
      await engine.client.act("DELETE", `/images/${target}:${tag}`);
      return `${target}:${tag}`;
    },
    async close() {
      child.kill("SIGTERM");
      await child.status;
      await Deno.remove(folder, { recursive: true });
    },
  };
}

function config(folder: string, address: string, isPrivate: boolean): object {
  return {
    version: "0.1",
    storage: { filesystem: { rootdirectory: join(folder, "images") }, delete: { enabled: true } },
    http: { addr: address },
    ...(isPrivate ? { auth: { htpasswd: { realm: "flow", path: join(folder, "htpasswd") } } } : {}),
  };
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

async function awaitAnswer(address: string): Promise<void> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (performance.now() < deadline) {
    const response = await fetch(`http://${address}/v2/`).catch(() => undefined);
    await response?.body?.cancel();
    if (response !== undefined) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`docker-registry did not start on ${address}`);
}
