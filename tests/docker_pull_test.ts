import assert from "node:assert/strict";
import { join } from "node:path";
import type { NodeEventBody } from "../engine/events.ts";
import { createDockerRun } from "../nodes/docker_run.ts";
import { getPlatform } from "../platform/mod.ts";
import type { Platform } from "../platform/types.ts";
import { dockerTest, useDockerEngine, whyNoDocker } from "./support/docker_engine.ts";
import { type DockerRegistry, openRegistry, whyNoRegistry } from "./support/docker_registry.ts";
import { DockerScripts } from "./support/docker_scripts.ts";
import { runNode } from "./support/node_harness.ts";

const docker = useDockerEngine();
const scripts = new DockerScripts(docker);
const noRegistry = whyNoRegistry();
if (noRegistry !== undefined && whyNoDocker() === undefined) {
  console.error(`Tests that pull are skipped: ${noRegistry}`);
}

/** A test with a registry; it and all images pulled from it are gone afterwards. */
function pullTest(name: string, isPrivate: boolean, work: (registry: DockerRegistry) => Promise<void>): void {
  if (noRegistry !== undefined) return Deno.test({ name, ignore: true, fn: () => {} });
  dockerTest(name, async () => {
    const registry = await openRegistry(docker(), isPrivate);
    try {
      await work(registry);
    } finally {
      await deleteImages(registry.address);
      await registry.close();
    }
  });
}

async function listImages(): Promise<string[]> {
  const names: string[] = [];
  await docker().client.stream("GET", "/images/json", {}, (answer) => {
    const images = answer as { RepoTags: string[] | null; RepoDigests: string[] | null }[];
    for (const { RepoTags, RepoDigests } of images) names.push(...RepoTags ?? [], ...RepoDigests ?? []);
  });
  return names.filter((name) => !name.includes("<none>"));
}

async function deleteImages(prefix: string): Promise<void> {
  for (const name of (await listImages()).filter((name) => name.startsWith(prefix))) {
    await docker().client.act("DELETE", `/images/${name}`).catch(() => {});
  }
}

function progressOf(events: readonly NodeEventBody[]): [number, string | undefined][] {
  return events.flatMap((event) =>
    event.event_type === "Progress" ? [[event.percent, event.message] as [number, string | undefined]] : []
  );
}

/** Runs `echo pulled` in `image`, on a platform whose home has this docker config. */
async function runWithConfig(image: string, config: unknown, programs: Record<string, string> = {}): Promise<unknown> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(join(folder, "config.json"), typeof config === "string" ? config : JSON.stringify(config));
    for (const [name, script] of Object.entries(programs)) {
      await Deno.writeTextFile(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    }
    const variables: Record<string, string> = { DOCKER_CONFIG: folder, PATH: `${folder}:/usr/bin:/bin` };
    const platform: Platform = { ...getPlatform(), env: (name) => variables[name], envAll: () => variables };
    const run = await runNode(createDockerRun(platform), { config: scripts.config("echo pulled", { image }) });
    return run.outputs["stdout"];
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

pullTest("docker.run pulls an image that is not there, with progress, and only once", false, async (registry) => {
  const image = await registry.push(docker().busybox, "tools/busybox", "1.0");
  const { outputs, events } = await scripts.run("echo pulled", { config: { image } });
  assert.equal(outputs["stdout"], "pulled");
  const progress = progressOf(events);
  assert.deepEqual(progress[0], [0, `Pulling "${image}"`]);
  assert.deepEqual(progress.at(-1), [100, `Pulling "${image}"`]);
  const percents = progress.map(([percent]) => percent);
  assert.deepEqual(percents, [...percents].sort((a, b) => a - b), "it never goes back");
  assert.deepEqual((await scripts.run("true", { config: { image } })).events, []);
});

pullTest("docker.run pulls latest if there is no tag, and nothing but that", false, async (registry) => {
  await registry.push(docker().busybox, "busybox", "latest");
  await registry.push(docker().busybox, "busybox", "other");
  const image = `${registry.address}/busybox`;
  assert.equal(await scripts.stdout("echo pulled", { image }), "pulled");
  const tags = (await listImages()).filter((name) => name.startsWith(registry.address) && !name.includes("@"));
  assert.deepEqual(tags, [`${image}:latest`]);
});

pullTest("docker.run pulls by digest", false, async (registry) => {
  const tagged = await registry.push(docker().busybox, "busybox", "1");
  await scripts.run("true", { config: { image: tagged } });
  const digest = (await listImages()).find((name) => name.startsWith(`${registry.address}/busybox@sha256:`));
  assert.ok(digest);
  await deleteImages(registry.address);
  assert.equal(await scripts.stdout("echo pulled", { image: digest }), "pulled");
});

pullTest("docker.run says so if the registry has no such image", false, async (registry) => {
  await registry.push(docker().busybox, "busybox", "1");
  for (const name of ["busybox:2", "none:1"]) {
    const image = `${registry.address}/${name}`;
    await assert.rejects(scripts.run("true", { config: { image } }), {
      code: "not_found",
      message: new RegExp(`^Cannot pull "${image}": .*manifest unknown`),
      hint: "Correct image: the registry has no such name, tag or digest.",
      retryable: false,
    });
  }
});

pullTest("docker.run can be cancelled while it pulls", false, async (registry) => {
  const image = await registry.push(docker().busybox, "busybox", "1");
  const controller = new AbortController();
  const reason = new Error("stop");
  const onEvent = () => controller.abort(reason);
  await assert.rejects(scripts.run("true", { config: { image }, signal: controller.signal, onEvent }), {
    code: "cancelled",
    cause: reason,
  });
  assert.deepEqual(await docker().flowContainers(), []);
});

pullTest("docker.run logs in with what docker's config.json has", true, async (registry) => {
  const image = await registry.push(docker().busybox, "busybox", "1");
  const pull = async (config: unknown) => {
    const stdout = await runWithConfig(image, config);
    await deleteImages(registry.address);
    return stdout;
  };
  const auth = btoa("flow:secret");
  assert.equal(await pull({ auths: { [registry.address]: { auth } } }), "pulled");
  assert.equal(await pull({ auths: { [`http://${registry.address}/v1/`]: { auth } } }), "pulled");
  assert.equal(await pull({ auths: { [registry.address]: { username: "flow", password: "secret" } } }), "pulled");
  for (const config of [{}, { auths: { [registry.address]: { auth: btoa("flow:wrong") } } }]) {
    await assert.rejects(pull(config), {
      code: "unavailable",
      message: new RegExp(`^Cannot pull "${image}": .*(no basic auth|unauthorized)`),
      hint: 'Log in with "docker login", or correct image.',
      retryable: false,
    });
  }
  await assert.rejects(pull("{"), { code: "unavailable", message: /config\.json": it is not docker's config\.json$/ });
});

pullTest("docker.run asks the credential helper that docker's config.json names", true, async (registry) => {
  const image = await registry.push(docker().busybox, "busybox", "1");
  const good = `read server; test "$1 $server" = "get ${registry.address}" && ` +
    `echo '{"ServerURL": "'$server'", "Username": "flow", "Secret": "secret"}'`;
  const programs = {
    "docker-credential-good": good,
    "docker-credential-empty": "echo 'credentials not found in native keychain'; exit 1",
    "docker-credential-bad": "echo 'the keyring is locked'; exit 1",
  };
  const pull = async (config: unknown) => {
    const stdout = await runWithConfig(image, config, programs);
    await deleteImages(registry.address);
    return stdout;
  };
  assert.equal(await pull({ credsStore: "good" }), "pulled");
  assert.equal(await pull({ credsStore: "bad", credHelpers: { [registry.address]: "good" } }), "pulled");
  await assert.rejects(pull({ credsStore: "empty" }), { message: /no basic auth/ });
  await assert.rejects(pull({ credsStore: "bad" }), {
    code: "unavailable",
    message: `Cannot get the credentials for "${registry.address}" from "docker-credential-bad": the keyring is locked`,
    hint:
      "Install or repair docker-credential-bad, or remove it from credsStore and credHelpers in docker's config.json.",
    retryable: false,
  });
  await assert.rejects(pull({ credsStore: "missing" }), {
    message: /from "docker-credential-missing": no folder of PATH has it$/,
  });
});
