import assert from "node:assert/strict";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { getPlatform } from "../../platform/mod.ts";
import { withFolder } from "../../tests/support/temp_folder.ts";
import { keepPackage } from "./keep_package.ts";

const FILES = { "flowengine/__init__.py": "x = 1\n", "flowengine/worker/__main__.py": "print('hello')\n" };

function platformIn(folder: string) {
  const platform = getPlatform();
  return { ...platform, env: (name: string) => name === "FLOW_CACHE_DIR" ? folder : platform.env(name) };
}

Deno.test("keepPackage() writes the files into a folder of their own, and mends what is not right in it", async () => {
  await withFolder(async (folder) => {
    const platform = platformIn(folder);
    const all = await Promise.all(Array.from({ length: 8 }, () => keepPackage(platform, FILES)));
    const [kept = ""] = all;
    assert.deepEqual(new Set(all), new Set([kept]));
    const entries = await readdir(kept, { recursive: true, withFileTypes: true });
    assert.equal(entries.filter((entry) => entry.isFile()).length, 2, "nothing else is left");
    for (const [path, text] of Object.entries(FILES)) assert.equal(await readFile(join(kept, path), "utf8"), text);
    await writeFile(join(kept, "flowengine/__init__.py"), "x =");
    await rm(join(kept, "flowengine/worker"), { recursive: true });
    assert.equal(await keepPackage(platform, FILES), kept);
    for (const [path, text] of Object.entries(FILES)) assert.equal(await readFile(join(kept, path), "utf8"), text);
    assert.notEqual(await keepPackage(platform, { "flowengine/__init__.py": "x = 2\n" }), kept);
  });
});

Deno.test("keepPackage() answers nothing where there is nothing to keep, or no place for it", async () => {
  await withFolder(async (folder) => {
    assert.equal(await keepPackage(platformIn(folder), undefined), undefined);
    await writeFile(join(folder, "file"), "");
    assert.equal(await keepPackage(platformIn(join(folder, "file")), FILES), undefined);
  });
});
