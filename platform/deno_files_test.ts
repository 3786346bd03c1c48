import assert from "node:assert/strict";
import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { withFolder } from "../tests/support/temp_folder.ts";
import { getPlatform } from "./mod.ts";

const platform = getPlatform();

/** Collects what a folder tells, and waits for it. */
class Changes {
  readonly #paths: string[] = [];
  #onChange: () => void = () => {};

  add = (paths: readonly string[]): void => {
    this.#paths.push(...paths);
    this.#onChange();
  };

  /** Waits until something has been told about `path`, and forgets all that was. */
  async next(path: string): Promise<void> {
    const deadline = Date.now() + 20_000;
    while (!this.#paths.includes(path)) {
      const left = deadline - Date.now();
      assert.ok(left > 0, `nothing was told about ${path}: ${this.#paths}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#onChange = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#paths.length = 0;
  }
}

Deno.test("watchFolder() tells of files that are written, replaced and removed, and of a folder that comes back", async () => {
  await withFolder(async (temp) => {
    const folder = join(temp, "watched");
    const file = join(folder, "a");
    await mkdir(folder);
    const changes = new Changes();
    const stop = platform.watchFolder(folder, changes.add);
    try {
      await writeFile(file, "1");
      await changes.next(file);
      await writeFile(join(folder, "b"), "2");
      await rename(join(folder, "b"), file);
      await changes.next(file);
      await rm(file);
      await changes.next(file);
      await rm(folder, { recursive: true });
      await changes.next(folder);
      await mkdir(folder);
      await changes.next(folder);
      await writeFile(file, "3");
      await changes.next(file);
    } finally {
      stop();
    }
  });
});

Deno.test("watchFolder() waits for a folder that is not there yet", async () => {
  await withFolder(async (temp) => {
    const folder = join(temp, "later");
    const changes = new Changes();
    const stop = platform.watchFolder(folder, changes.add, { deep: true });
    try {
      await mkdir(join(folder, "deep"), { recursive: true });
      await changes.next(folder);
      await writeFile(join(folder, "deep", "a"), "1");
      await changes.next(join(folder, "deep", "a"));
    } finally {
      stop();
    }
  });
});

Deno.test("watchFolder() waits for a folder in whose place is a link that leads to itself", async () => {
  await withFolder(async (temp) => {
    const folder = join(temp, "circle");
    await symlink(folder, folder);
    const changes = new Changes();
    const stop = platform.watchFolder(folder, changes.add);
    try {
      await rm(folder);
      await mkdir(folder);
      await changes.next(folder);
    } finally {
      stop();
    }
  });
});

Deno.test("replaceFile() leaves the old text where it cannot write, and nothing beside it", async () => {
  await withFolder(async (temp) => {
    const file = join(temp, "a");
    await platform.replaceFile(file, "new");
    assert.equal(await readFile(file, "utf8"), "new");
    await mkdir(join(temp, "folder"));
    await assert.rejects(platform.replaceFile(join(temp, "folder"), "x"), { name: "FlowError" });
    await assert.rejects(platform.replaceFile(join(temp, "none", "a"), "x"), { code: "not_found" });
    assert.deepEqual(await readdir(temp), ["a", "folder"]);
    assert.deepEqual(await platform.listFolder(temp), [
      { name: "a", isDirectory: false },
      { name: "folder", isDirectory: true },
    ]);
  });
});
