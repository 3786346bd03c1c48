import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { getPlatform } from "../../platform/mod.ts";
import { withFolder } from "../../tests/support/temp_folder.ts";
import { bringValues } from "./value_files.ts";

const SHA256_OF_HELLO = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

Deno.test("bringValues() brings the content of references along, at any depth, once", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "value");
    await Deno.writeTextFile(path, "hello");
    const reference = { $file: { path, sha256: SHA256_OF_HELLO, bytes: 5, kind: "str" } };
    const { inputs, files } = await bringValues(getPlatform(), { plain: 1, list: [reference, { deep: reference }] });
    const brought = { $file: { ...reference.$file, path: `/home/flow/values/${SHA256_OF_HELLO}` } };
    assert.deepEqual(inputs, { plain: 1, list: [brought, { deep: brought }] });
    assert.deepEqual([...files].map(([name, bytes]) => [name, new TextDecoder().decode(bytes)]), [
      [brought.$file.path, "hello"],
    ]);
  });
});

Deno.test("bringValues() opens no file for whoever does not know its content", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "secret");
    await Deno.writeTextFile(path, "secret");
    for (const place of [path, folder, "/dev/zero", "/no/such"]) {
      const forged = { value: { $file: { path: place, sha256: SHA256_OF_HELLO, bytes: 6, kind: "str" } } };
      const { inputs, files } = await bringValues(getPlatform(), forged);
      assert.deepEqual([inputs, files.size], [forged, 0]);
    }
  });
});

Deno.test("bringValues() refuses more than a sandbox should be handed", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "value");
    await Deno.writeTextFile(path, "");
    const reference = { $file: { path, sha256: SHA256_OF_HELLO, bytes: 65 * 1024 * 1024, kind: "bytes" } };
    await assert.rejects(bringValues(getPlatform(), { reference }), { code: "too_large" });
  });
});

Deno.test("bringValues() reads one file at a time, and none after there is too much", async () => {
  await withFolder(async (folder) => {
    const references = await Promise.all([1, 2, 3, 4].map(async (first) => {
      const half = new Uint8Array(33 * 1024 * 1024).fill(first, 0, 1);
      const path = join(folder, String(first));
      await Deno.writeFile(path, half);
      return { $file: { path, sha256: createHash("sha256").update(half).digest("hex"), bytes: half.length } };
    }));
    const platform = getPlatform();
    const read: string[] = [];
    const counting = {
      ...platform,
      readFile: (path: string, maxBytes: number) => {
        read.push(path);
        return platform.readFile(path, maxBytes);
      },
    };
    await assert.rejects(bringValues(counting, { references }), { code: "too_large" });
    assert.equal(read.length, 2);
  });
});
