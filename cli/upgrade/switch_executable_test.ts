import assert from "node:assert/strict";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { getPlatform } from "../../platform/mod.ts";
import { withFolder } from "../../tests/support/temp_folder.ts";
import { draftPath, previousPath, removeStaleDrafts, switchBack, switchTo } from "./switch_executable.ts";

const posix = getPlatform();
/** Its rules for executables are kept on any system. */
const windows = { ...posix, os: "windows" } as const;

async function withInstallation(name: string, test: (path: string, draft: string) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const path = join(folder, name);
    const draft = draftPath(path, posix.pid);
    await writeFile(path, "old");
    await writeFile(draft, "new");
    await test(path, draft);
  });
}

for (const [name, platform] of [["flow", posix], ["flow.exe", windows]] as const) {
  Deno.test(`switchTo() and switchBack() leave two executables and nothing else (${name})`, async () => {
    await withInstallation(name, async (path, draft) => {
      const contents = async () => [await readFile(path, "utf8"), await readFile(previousPath(path), "utf8")];
      await switchTo(platform, path, draft);
      assert.deepEqual(await contents(), ["new", "old"]);
      await switchBack(platform, path);
      assert.deepEqual(await contents(), ["old", "new"]);
      await switchBack(platform, path);
      assert.deepEqual(await contents(), ["new", "old"]);
      assert.equal((await readdir(join(path, ".."))).length, 2);
      await writeFile(draft, "newest");
      await switchTo(platform, path, draft);
      assert.deepEqual(await contents(), ["newest", "new"]);
      assert.equal((await readdir(join(path, ".."))).length, 2);
    });
  });

  Deno.test(`switchTo() and switchBack() that fail leave the executable as it was (${name})`, async () => {
    await withInstallation(name, async (path, draft) => {
      await assert.rejects(switchTo(platform, path, `${draft}.gone`));
      assert.equal(await readFile(path, "utf8"), "old");
      await switchTo(platform, path, draft);
      await rename(previousPath(path), `${previousPath(path)}.away`);
      await assert.rejects(switchBack(platform, path));
      assert.equal(await readFile(path, "utf8"), "new");
      assert.equal((await readdir(join(path, ".."))).length, 2);
    });
  });
}

/** What stands in for an executable that runs on Windows: it can be renamed, but not removed. */
async function makeUnremovable(path: string): Promise<void> {
  await mkdir(join(path, "running"), { recursive: true });
}

Deno.test("switchTo() goes on while the previous executable still runs, and leaves it for a later upgrade", async () => {
  await withInstallation("flow.exe", async (path, draft) => {
    await makeUnremovable(previousPath(path));
    await switchTo(windows, path, draft);
    assert.deepEqual([await readFile(path, "utf8"), await readFile(previousPath(path), "utf8")], ["new", "old"]);
    await removeStaleDrafts({ ...windows, startedOf: () => undefined }, path);
    assert.equal((await readdir(join(path, ".."))).length, 3);
  });
});

Deno.test("switchTo() that fails on Windows puts the previous executable back, too", async () => {
  await withInstallation("flow.exe", async (path, draft) => {
    await writeFile(previousPath(path), "oldest");
    await assert.rejects(switchTo(windows, path, `${draft}.gone`));
    assert.deepEqual([await readFile(path, "utf8"), await readFile(previousPath(path), "utf8")], ["old", "oldest"]);
  });
});

Deno.test("draftPath() and previousPath() stay in the folder, and end as Windows wants executables to", () => {
  assert.equal(previousPath("/opt/flow"), "/opt/flow.previous");
  assert.equal(previousPath("C:\\flow\\flow.exe"), "C:\\flow\\flow.previous.exe");
  assert.match(draftPath("/opt/flow", 12), /^\/opt\/\.flow-upgrade-12-[0-9a-f]{8}$/);
  assert.match(draftPath("C:\\flow\\flow.exe", 12), /^C:\\flow\\\.flow-upgrade-12-[0-9a-f]{8}\.exe$/);
});
