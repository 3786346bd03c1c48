import assert from "node:assert/strict";
import { getPlatform } from "../platform/mod.ts";
import { targetName, versionText } from "./build_info.ts";
import { version } from "../server/version.ts";

Deno.test("versionText() names version, commit and system; from source it says so", () => {
  const mac = { ...getPlatform(), os: "darwin", arch: "arm64" } as const;
  assert.equal(versionText(mac, { commit: "1a2b3c4d5e6f" }), `flow ${version} (1a2b3c4d5e6f, macos-arm64)`);
  assert.equal(versionText(mac), `flow ${version} (from source, macos-arm64)`);
});

Deno.test("targetName() names systems as release files do", () => {
  assert.equal(targetName("linux", "x64"), "linux-x64");
  assert.equal(targetName("darwin", "arm64"), "macos-arm64");
  assert.equal(targetName("windows", "x64"), "windows-x64");
});
