import assert from "node:assert/strict";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { getPlatform } from "../../platform/mod.ts";
import { withFolder } from "../../tests/support/temp_folder.ts";
import { VenvCache } from "./venv_cache.ts";

const platform = getPlatform();
const { signal } = new AbortController();

async function fill(folder: string): Promise<void> {
  await mkdir(join(folder, "bin"));
  await writeFile(join(folder, "bin", "python"), "");
}

/** The path of the lock that stands for `parts`. */
async function findLock(root: string, parts: string[]): Promise<string> {
  const path = await new VenvCache(platform, root).get(parts, signal, fill);
  await rm(path, { recursive: true });
  return `${path}.lock`;
}

Deno.test("VenvCache fills a folder once, however many want it, and leaves nothing else", async () => {
  await withFolder(async (root) => {
    let fills = 0;
    const get = () =>
      new VenvCache(platform, root).get(["a"], signal, async (folder) => {
        fills++;
        await fill(folder);
      });
    const folders = new Set(await Promise.all(Array.from({ length: 8 }, get)));
    assert.equal(folders.size, 1);
    assert.equal(fills, 1);
    assert.equal((await readdir(root)).length, 1);
  });
});

Deno.test("VenvCache leaves a lock alone that somebody takes while it looks at the dead one before", async () => {
  await withFolder(async (root) => {
    const lock = await findLock(root, ["a"]);
    await writeFile(lock, "999999 long ago");
    const theirs = `${platform.pid} ${platform.startedOf(platform.pid)}`;
    // Right after it has seen that the owner is dead, another process breaks the lock and takes it.
    const slow = {
      ...platform,
      startedOf: (pid: number) => {
        if (pid === 999_999) writeFileSync(lock, theirs);
        return platform.startedOf(pid);
      },
    };
    const abort = new AbortController();
    const getting = new VenvCache(slow, root).get(["a"], abort.signal, () => assert.fail("it fills what is theirs"));
    const stop = setTimeout(() => abort.abort(new Error("still waiting")), 300);
    await assert.rejects(getting, /still waiting|Cancelled/);
    clearTimeout(stop);
    assert.deepEqual(await readdir(root), [lock.slice(root.length + 1)]);
  });
});
