import assert from "node:assert/strict";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { getPlatform } from "../../platform/mod.ts";
import type { Platform } from "../../platform/types.ts";
import { withFolder } from "../../tests/support/temp_folder.ts";
import { findProgram } from "./host.ts";

Deno.test("findProgram() goes past folders of PATH that cannot be looked into", async () => {
  if (Deno.build.os === "windows") return console.log("skipped: links need a privilege on Windows");
  await withFolder(async (folder) => {
    await symlink("loop", join(folder, "loop"));
    await mkdir(join(folder, "bin"));
    await writeFile(join(folder, "bin", "tool"), "");
    const path = `${folder}/loop:${folder}/none:${folder}/bin`;
    const platform: Platform = { ...getPlatform(), env: (name) => name === "PATH" ? path : undefined };
    assert.equal(await findProgram(platform, ["other", "tool"]), join(folder, "bin", "tool"));
  });
});
