import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { withFolder } from "../tests/support/temp_folder.ts";
import { bundleProgram } from "./bundle.ts";
import { compileProgram } from "./compile.ts";
import { type ExecutableContents, readExecutable } from "./executable_contents.ts";
import { SYSTEM_CALLS } from "./permissions.ts";
import { findTarget, hostTarget, type Target, targets } from "./targets.ts";

/**
 * `deno compile` downloads its runtime. With some Deno of the same system in its place, all but running the result is
 * exercised. Those of other systems are named like their targets in this folder.
 */
const RUNTIMES = Deno.env.get("FLOW_TEST_RUNTIMES");

async function runtimeOf(target: Target): Promise<string | undefined> {
  if (target.os === hostTarget().os) return Deno.execPath();
  const path = join(RUNTIMES ?? "", target.triple);
  return await stat(path).then(() => path, () => undefined);
}

/** Makes an executable with a stand-in for the runtime, and hands what is in it to `test`. */
async function withExecutable(
  target: Target,
  runtime: string,
  test: (contents: ExecutableContents, path: string) => Promise<void> | void,
): Promise<void> {
  await withFolder(async (folder) => {
    const [path = ""] = await compileProgram([target], folder, { runtime });
    const licences = await readFile(join(folder, "THIRD_PARTY_LICENSES"), "utf8");
    for (const name of ["deno", "hono", "zod"]) {
      assert.match(licences, new RegExp(`^${name} [\\d.]+ \\(MIT\\)\n\n(.*\n)+?.*Copyright`, "m"));
    }
    await test(await readExecutable(path), path);
  });
}

for (const name of ["linux-x64", "macos-arm64", "windows-x64"]) {
  const target = findTarget(name);
  const runtime = await runtimeOf(target);
  if (runtime === undefined) console.error(`skipped: no runtime for ${name}: name a folder in FLOW_TEST_RUNTIMES`);
  Deno.test({
    name: `the executable for ${name} has the bundle and no more, with no more permissions than are needed`,
    ignore: runtime === undefined,
    fn: () =>
      withExecutable(target, runtime ?? "", async (contents) => {
        await checkFiles(contents);
        checkPermissions(contents, target);
      }),
  });
}

async function checkFiles({ files, hasPackages, imports, metadata }: ExecutableContents): Promise<void> {
  await withFolder(async (folder) => {
    const bundle = await bundleProgram({ outputFolder: join(folder, "program") });
    assert.deepEqual([...files].sort(), [...bundle.files, "deno.json", "THIRD_PARTY_LICENSES"].sort());
    const commands = ["run", "serve", "upgrade", "doctor", "task_runner"];
    for (const command of commands) assert.ok(files.some((file) => file.startsWith(`${command}-`)), command);
    const strange = bundle.inputs.filter((input) =>
      /(_test\.ts$)|^(tests|bench|release|examples)\/|^(esbuild|eventsource|typescript|@types|@seriousme)/.test(input)
    );
    assert.deepEqual(strange, []);
    assert.ok(bundle.inputs.includes("nodes/python/brought_package.ts"));
  });
  assert.equal(hasPackages, false);
  assert.deepEqual(imports, { flowengine: "./mod.js", zod: "./zod.js" });
  assert.equal(metadata.entrypoint_key, "main.js");
  assert.equal(metadata.app_name, "flow");
  assert.notEqual(metadata.code_cache_key, null, "no code cache");
  for (const name of ["ca_data", "ca_stores", "unsafely_ignore_certificate_errors"]) assert.equal(metadata[name], null);
  assert.deepEqual(metadata.env_vars_from_env_file, {});
}

function checkPermissions({ permissions, mayPrompt }: ExecutableContents, { os }: Target): void {
  assert.equal(mayPrompt, false);
  const all = ["env", "net", "read", "run", "write"].map((kind) => [`allow_${kind}`, [] as string[]]);
  if (os === "linux") {
    const rest = ["ffi", "import", "sys"].map((kind) => [`allow_${kind}`, []]);
    assert.deepEqual(permissions, Object.fromEntries([...all, ...rest]));
    return;
  }
  const { allow_import: _, ...others } = permissions;
  assert.deepEqual(others, { ...Object.fromEntries(all), allow_sys: SYSTEM_CALLS, deny_import: [] });
}

Deno.test("the same commit makes the same executable", async () => {
  const hashes = new Set<string>();
  for (let round = 0; round < 2; round++) {
    await withExecutable(hostTarget(), Deno.execPath(), async (_, path) => {
      hashes.add(createHash("sha256").update(await readFile(path)).digest("hex"));
    });
  }
  assert.equal(hashes.size, 1);
});

Deno.test("findTarget() knows targets by both of their names", () => {
  for (const target of targets) {
    assert.equal(findTarget(target.name), target);
    assert.equal(findTarget(target.triple), target);
  }
  assert.throws(() => findTarget("solaris"), /There is no target "solaris": choose one of linux-x64, /);
});
