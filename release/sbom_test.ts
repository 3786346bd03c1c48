import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT } from "../tests/support/shell.ts";
import { describeSbom } from "./sbom.ts";

const locked = {
  "@a/b@1.0.0_c@2.0.0": { integrity: "sha512-/w==", dependencies: ["c", "d@3.0.0"] },
  "c@2.0.0": { integrity: "sha512-AA==" },
  "d@3.0.0": {},
  "d@4.0.0": {},
};
const sources = { version: "1.2.3", runtimeVersion: "2.9.6", timestamp: "2026-01-02T03:04:05.000Z", locked };

Deno.test("describeSbom() lists what is shipped, with hashes and who needs whom", () => {
  const { components, dependencies } = describeSbom({
    ...sources,
    shipped: new Set(["@a/b@1.0.0", "c@2.0.0", "d@3.0.0"]),
  });
  assert.deepEqual(components, [
    {
      type: "platform",
      "bom-ref": "pkg:github/denoland/deno@v2.9.6",
      name: "deno",
      version: "2.9.6",
      purl: "pkg:github/denoland/deno@v2.9.6",
    },
    component("pkg:npm/%40a/b@1.0.0", "@a/b", "1.0.0", "ff"),
    component("pkg:npm/c@2.0.0", "c", "2.0.0", "00"),
    component("pkg:npm/d@3.0.0", "d", "3.0.0"),
  ]);
  assert.deepEqual((dependencies as { ref: string }[]).slice(1), [
    { ref: "pkg:npm/%40a/b@1.0.0", dependsOn: ["pkg:npm/c@2.0.0", "pkg:npm/d@3.0.0"] },
    { ref: "pkg:npm/c@2.0.0", dependsOn: [] },
    { ref: "pkg:npm/d@3.0.0", dependsOn: [] },
  ]);
});

function component(purl: string, name: string, version: string, hash?: string) {
  const hashes = hash === undefined ? {} : { hashes: [{ alg: "SHA-512", content: hash }] };
  return { type: "library", "bom-ref": purl, name, version, purl, ...hashes };
}

Deno.test("describeSbom() refuses what is not locked", () => {
  assert.throws(() => describeSbom({ ...sources, shipped: new Set(["e@1.0.0"]) }), /"e@1\.0\.0" is in the bundle, but/);
});

Deno.test("the list of this project has what flow needs to run, and not what only its tests and tools need", async () => {
  const args = ["run", "-A", join(ROOT, "release/sbom.ts")];
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  const { components, metadata } = JSON.parse(new TextDecoder().decode(stdout));
  const names = components.map(({ name }: { name: string }) => name);
  for (const name of ["deno", "zod", "hono", "@stricli/core", "yaml", "jsonata", "ws"]) {
    assert.ok(names.includes(name), name);
  }
  const strange = names.filter((name: string) =>
    /^(esbuild|eventsource|typescript|@types\/.*|@seriousme\/.*)$/.test(name)
  );
  assert.deepEqual(strange, []);
  for (const { name, hashes } of components) {
    if (name !== "deno") assert.match(hashes[0].content, /^[0-9a-f]{128}$/, name);
  }
  assert.match(metadata.timestamp, /^\d{4}-.*Z$/);
});
