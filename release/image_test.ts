import assert from "node:assert/strict";
import { chmod, chown, copyFile, cp, mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { dockerTest, useDockerEngine } from "../tests/support/docker_engine.ts";
import { ROOT } from "../tests/support/shell.ts";
import { withFolder } from "../tests/support/temp_folder.ts";
import { until } from "../tests/support/until.ts";
import { bundleProgram } from "./bundle.ts";

const docker = useDockerEngine();
const IMAGE = "flow-test/flow:latest";
const BASE = "flow-test/base:latest";

async function run(command: string, args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args: [...args] }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

async function pack(folder: string): Promise<Uint8Array<ArrayBuffer>> {
  const { success, stdout } = await new Deno.Command("tar", { args: ["-C", folder, "-c", "."] }).output();
  assert.ok(success);
  return stdout;
}

/** In the place of the real base: the C library, a shell, and the runtime that real executables have in them. */
async function makeBase(): Promise<void> {
  await withFolder(async (root) => {
    for (const name of ["bin", "opt", "tmp"]) await mkdir(join(root, name));
    await copyFile("/bin/busybox", join(root, "bin/sh"));
    await copyFile(Deno.execPath(), join(root, "opt/deno"));
    await bundleProgram({ outputFolder: join(root, "opt/program") });
    const libraries = (await run("ldd", [Deno.execPath()])).match(/\/\S+\.so[.\d-\w]*(?= \()/g) ?? [];
    for (const library of libraries) {
      await cp(library, join(root, library), { dereference: true, recursive: true });
    }
    const query = { fromSrc: "-", repo: "flow-test/base", tag: "latest", changes: "ENV PATH=/bin:/usr/local/bin" };
    await docker().client.act("POST", "/images/create", { query, bytes: await pack(root), timeoutMs: 120_000 });
  });
}

/** Builds the image of `release/Dockerfile` from a context as the release has it. */
async function buildImage(): Promise<string> {
  let told = "";
  await withFolder(async (context) => {
    await mkdir(join(context, "linux/amd64"), { recursive: true });
    await mkdir(join(context, "data"));
    const flow = join(context, "linux/amd64/flow");
    await writeFile(flow, '#!/bin/sh\nexec /opt/deno run -A --no-config /opt/program/main.js "$@"\n');
    await chmod(flow, 0o755);
    await copyFile(join(ROOT, "release/Dockerfile"), join(context, "Dockerfile"));
    const query = { t: IMAGE, version: "1", buildargs: JSON.stringify({ BASE, TARGETPLATFORM: "linux/amd64" }) };
    const headers = { "content-type": "application/x-tar" };
    await docker().client.stream("POST", "/build", { query, headers, bytes: await pack(context) }, (line) => {
      told += JSON.stringify(line);
    });
  });
  assert.match(told, /Successfully built/, told);
  return IMAGE;
}

let image: Promise<string> | undefined;

/** Runs a container to its end, or until `use` has done its work; the first one builds the image. */
async function withContainer(spec: object, use: (id: string) => Promise<void>): Promise<void> {
  image ??= makeBase().then(buildImage);
  const Image = await image;
  const { containers } = docker();
  const { id } = await containers.create({ Image, HostConfig: { NetworkMode: "none", Init: true }, ...spec });
  try {
    await containers.start(id, AbortSignal.timeout(30_000));
    await use(id);
  } finally {
    await docker().client.act("DELETE", `/containers/${id}`, { query: { force: "1", v: "1" } });
  }
}

async function inspect(id: string): Promise<Record<string, Record<string, unknown>>> {
  const found: unknown[] = [];
  await docker().client.stream("GET", `/containers/${id}/json`, {}, (value) => found.push(value));
  return found[0] as Record<string, Record<string, unknown>>;
}

async function logs(id: string): Promise<string> {
  const host = docker().host;
  return await run("docker", ["--host", host, "logs", id]).catch(() => "");
}

dockerTest("the image runs flow as a user without rights, and keeps what it knows in its volume", async () => {
  const workflow = JSON.stringify({ nodes: [{ id: "log", node_type: "debug.log" }] });
  const script = `id -u; echo '${workflow}' > w.json && flow run w.json && ls -a /data && flow upgrade`;
  await withContainer({ Entrypoint: ["/bin/sh", "-c", script] }, async (id) => {
    assert.equal(await docker().containers.wait(id, AbortSignal.timeout(60_000)), 5, await logs(id));
    const { Config: config = {} } = await inspect(id);
    assert.equal(config.User, "65532:65532");
    assert.deepEqual(config.Volumes, { "/data": {} });
    const host = docker().host;
    const { stdout, stderr } = await new Deno.Command("docker", { args: ["--host", host, "logs", id] }).output();
    const told = new TextDecoder().decode(stdout);
    assert.match(told, /^65532\n/);
    assert.match(told, /^flow\.db$/m);
    assert.match(new TextDecoder().decode(stderr), /Cannot upgrade this flow: it belongs to its container image/);
  });
});

dockerTest("the image runs a workflow of a folder as the user whom the folder belongs to", async () => {
  await withFolder(async (folder) => {
    await writeFile(join(folder, "w.json"), JSON.stringify({ nodes: [{ id: "log", node_type: "debug.log" }] }));
    await chown(folder, 12_345, 12_345);
    const HostConfig = { NetworkMode: "none", Binds: [`${folder}:/data`] };
    await withContainer({ User: "12345:12345", HostConfig, Cmd: ["run", "w.json"] }, async (id) => {
      assert.equal(await docker().containers.wait(id, AbortSignal.timeout(60_000)), 0, await logs(id));
    });
    assert.equal((await stat(join(folder, "flow.db"))).uid, 12_345);
  });
});

dockerTest("the image is a server whose health the engine knows, and that ends when it is told to", async () => {
  const health = { Interval: 1_000_000_000 };
  await withContainer({ Env: ["FLOW_TOKEN=0123456789abcdef0123"], Healthcheck: health }, async (id) => {
    const isHealthy = async () => {
      const { State: state = {} } = await inspect(id);
      assert.equal(state.Status, "running", await logs(id));
      return (state.Health as { Status?: string })?.Status === "healthy";
    };
    await until(isHealthy, { what: "a healthy server", withinMs: 60_000 });
    await docker().containers.stop(id, 20_000);
    assert.equal((await inspect(id)).State?.ExitCode, 0);
  });
});

dockerTest("the image refuses to serve without a token", async () => {
  await withContainer({}, async (id) => {
    assert.equal(await docker().containers.wait(id, AbortSignal.timeout(60_000)), 2, await logs(id));
  });
});
