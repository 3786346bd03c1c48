import assert from "node:assert/strict";
import { getPlatform } from "../../platform/mod.ts";
import type { Platform } from "../../platform/types.ts";
import { makeCertificate } from "../../tests/support/certificate.ts";
import { withFolder } from "../../tests/support/temp_folder.ts";
import { EngineClient } from "./engine_client.ts";
import { findDockerHost } from "./host.ts";

/** The platform of this machine with other variables. */
function platformWith(variables: Record<string, string>): Platform {
  return { ...getPlatform(), env: (name) => variables[name] };
}

Deno.test("findDockerHost() takes the node's host before DOCKER_HOST, and both before what it finds", () =>
  withFolder(async (folder) => {
    const nameOf = async (variables: Record<string, string>, host?: string) =>
      (await findDockerHost(platformWith(variables), host)).name;
    assert.equal(await nameOf({ DOCKER_HOST: "tcp://a:1" }, "unix:///b"), "unix:///b");
    assert.equal(await nameOf({ DOCKER_HOST: "tcp://a:1" }), "tcp://a:1");
    assert.equal(await nameOf({}, "/run/x.sock"), "unix:///run/x.sock");
    assert.equal(await nameOf({}, "tcp://a"), "tcp://a:2375");
    assert.equal(await nameOf({}, "tcp://[::1]:80"), "tcp://[::1]:80");
    assert.equal(await nameOf({ DOCKER_TLS_VERIFY: "1", HOME: folder }, "tcp://a"), "tcp://a:2376");
    const isEngineHere = await getPlatform().stat("/var/run/docker.sock") !== undefined;
    await Deno.writeTextFile(`${folder}/docker.sock`, "");
    const found = isEngineHere ? "unix:///var/run/docker.sock" : `unix://${folder}/docker.sock`;
    assert.equal(await nameOf({ DOCKER_HOST: "", XDG_RUNTIME_DIR: folder }), found);
  }));

Deno.test("findDockerHost() refuses what it does not understand", async () => {
  for (
    const host of ["ssh://a", "npipe:////./pipe/docker", "a:2375", "tcp://", "tcp://a/path", "tcp://user@a", "unix"]
  ) {
    await assert.rejects(findDockerHost(platformWith({}), host), { code: "invalid_config" }, host);
  }
});

Deno.test("findDockerHost() uses TLS with the certificates of DOCKER_CERT_PATH", () =>
  withFolder(async (folder) => {
    const { cert, key } = await makeCertificate(folder);
    const answer = () => new Response("OK", { headers: { "api-version": "1.44" } });
    await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, cert, key, onListen() {} }, answer);
    const platform = platformWith({ DOCKER_CERT_PATH: folder });
    const call = async (platform: Platform) => {
      const client = new EngineClient(platform, await findDockerHost(platform, `tcp://127.0.0.1:${server.addr.port}`));
      await client.act("GET", "/version").finally(() => client.close());
    };
    await call(platform);
    await Deno.remove(`${folder}/ca.pem`);
    await assert.rejects(call(platform), { code: "unavailable", message: /certificate/i });
    await Deno.remove(`${folder}/key.pem`);
    await assert.rejects(call(platform), { code: "invalid_config", message: /cert\.pem and key\.pem go together$/ });
  }));

Deno.test("EngineClient asks in the engine's version if that is older, and no newer one than it knows", async () => {
  const paths: string[] = [];
  let version = "1.41";
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    paths.push(new URL(request.url).pathname);
    return new Response("OK", { headers: { "api-version": version } });
  });
  const platform = getPlatform();
  const call = async () => {
    const client = new EngineClient(platform, await findDockerHost(platform, `tcp://127.0.0.1:${server.addr.port}`));
    await client.act("GET", "/info");
    await client.act("GET", "/info");
    client.close();
  };
  await call();
  version = "1.53";
  await call();
  assert.deepEqual(paths, ["/_ping", "/v1.41/info", "/v1.41/info", "/_ping", "/v1.47/info", "/v1.47/info"]);
});
