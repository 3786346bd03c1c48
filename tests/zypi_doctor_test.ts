import assert from "node:assert/strict";
import { runFlow } from "./support/cli.ts";
import { openHttpServer } from "./support/http_server.ts";
import { openZypiServer, whyNoBubblewrap } from "./support/zypi_server.ts";

const obstacle = whyNoBubblewrap();
if (obstacle !== undefined) console.log(`skipped: flow doctor about bubblewrap, ${obstacle}`);

/** What `flow doctor` says about one tool. */
async function examine(name: string, env: Record<string, string>) {
  const { code, stdout } = await runFlow(["doctor", "--json"], { env });
  assert.equal(code, 0, "a tool that is missing is no problem of flow");
  return JSON.parse(stdout).checks.find((check: { name: string }) => check.name === name);
}

Deno.test("flow doctor tells where Zypi is and which images it has, or how to get it", async () => {
  const server = openZypiServer({ mode: "strict", images: ["ubuntu:24.04", "python:3"] });
  const found = await examine("zypi", { ZYPI_URL: server.url });
  assert.deepEqual([found.missing, found.facts], [undefined, [server.url, "ubuntu:24.04, python:3"]]);
  await server.close();

  const gone = await examine("zypi", { ZYPI_URL: server.url });
  assert.equal(gone.missing, true);
  assert.match(gone.facts[0], /^Cannot reach Zypi at "127\.0\.0\.1:\d+": .*refused/i);
  assert.match(gone.hint, /^Start a Zypi server .* ZYPI_URL\.$/);
});

Deno.test("flow doctor is not fooled by another server on Zypi's port, nor kept by one that hangs", async () => {
  const { promise, resolve } = Promise.withResolvers<Response>();
  const other = openHttpServer(({ url }) => url.endsWith("/health") ? Response.json({ status: "healthy" }) : promise);
  assert.match((await examine("zypi", { ZYPI_URL: other.url })).facts[0], /is not a Zypi server$/);
  const hanging = openHttpServer(() => promise);
  assert.match((await examine("zypi", { ZYPI_URL: hanging.url })).facts[0], /did not answer within 3 s$/);
  resolve(new Response());
  await Promise.all([other.close(), hanging.close()]);
});

Deno.test({
  name: "flow doctor opens a sandbox to see whether bubblewrap works",
  ignore: obstacle !== undefined,
}, async () => {
  const { missing, facts } = await examine("bubblewrap", {});
  assert.equal(missing, undefined, facts[0]);
  assert.match(facts.join(", "), /bwrap, bubblewrap \d+\.\d+/);
});
