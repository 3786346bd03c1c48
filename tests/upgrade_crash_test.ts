import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type ReleaseSite, withReleases } from "./support/releases.ts";
import { ROOT } from "./support/shell.ts";

/** More operations on files than an upgrade has. */
const TOO_MANY = 100;

/** Runs `flow upgrade` with SIGKILL before its n-th operation on a file; answers whether it came to its end before. */
async function upgradeUntilKilled(site: ReleaseSite, args: readonly string[], killAt: number): Promise<boolean> {
  const config = JSON.parse(await readFile(join(ROOT, "deno.json"), "utf8"));
  const killing = new URL("support/killing_files.ts", import.meta.url).href;
  const imports = { ...config.imports, "node:fs/promises": killing };
  const map = join(site.folder, "import_map.json");
  await writeFile(map, JSON.stringify({ imports }));
  const { code, signal, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--import-map",
      map,
      fileURLToPath(new URL("cli/main.ts", `file://${ROOT}`)),
      "upgrade",
      ...args,
    ],
    cwd: ROOT,
    env: {
      NO_COLOR: "1",
      FLOW_TEST_KILL_AT: String(killAt),
      FLOW_RELEASES_URL: site.feed,
      FLOW_RELEASES_KEY: site.signer.publicKey,
    },
  }).output();
  if (signal === "SIGKILL") return false;
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return true;
}

/** Kills an upgrade at one step after the other, and checks each time what is left. */
async function killAtEachStep(
  args: (site: ReleaseSite) => string[],
  prepare: (site: ReleaseSite) => Promise<void>,
  check: (site: ReleaseSite) => Promise<void>,
): Promise<number> {
  for (let killAt = 1; killAt < TOO_MANY; killAt++) {
    let isDone = false;
    await withReleases(async (site) => {
      await prepare(site);
      isDone = await upgradeUntilKilled(site, args(site), killAt);
      await check(site);
    });
    if (isDone) return killAt - 1;
  }
  throw new Error("it never came to its end");
}

Deno.test("flow upgrade, killed before any operation on a file, leaves a flow that works and can be upgraded", async () => {
  const steps = await killAtEachStep(
    (site) => ["--executable", site.path],
    (site) => site.publish("0.2.0"),
    async (site) => {
      assert.match(await site.installedVersion(), /^0\.[12]\.0$/);
      const { code, stderr } = await site.upgrade();
      assert.equal(code, 0, stderr);
      assert.equal(await site.installedVersion(), "0.2.0");
      const left = (await site.files()).filter((name) => name !== "flow" && name !== "flow.previous");
      assert.deepEqual(left.filter((name) => !name.startsWith(".flow-upgrade-")), []);
    },
  );
  assert.ok(steps > 15, `only ${steps} steps`);
});

Deno.test("flow upgrade --rollback, killed before any operation on a file, leaves a flow that works", async () => {
  const steps = await killAtEachStep(
    (site) => ["--executable", site.path, "--rollback"],
    async (site) => {
      await site.publish("0.2.0");
      await site.upgrade();
    },
    async (site) => assert.match(await site.installedVersion(), /^0\.[12]\.0$/),
  );
  assert.ok(steps > 4, `only ${steps} steps`);
});

Deno.test("flow upgrade removes what an earlier one has left that was killed, and nothing of one that still works", async () => {
  await withReleases(async (site) => {
    await site.publish("0.2.0");
    const ended = new Deno.Command("true").spawn();
    await ended.status;
    const left = join(site.folder, "bin", `.flow-upgrade-${ended.pid}-0123abcd`);
    const busy = join(site.folder, "bin", `.flow-upgrade-${Deno.pid}-0123abcd`);
    await writeFile(left, "half of it");
    await writeFile(busy, "half of it");
    const { code, stderr } = await site.upgrade();
    assert.equal(code, 0, stderr);
    assert.deepEqual(await site.files(), [`.flow-upgrade-${Deno.pid}-0123abcd`, "flow", "flow.previous"]);
  });
});
