import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqliteStore } from "./open.ts";
import { randomBytes, SecretCipher } from "./secret_cipher.ts";
import type { SecretVault } from "./secret_vault.ts";

const KEY = "4c".repeat(32);
const OTHER_KEY = "5d".repeat(32);
const NOW = Date.parse("2026-01-31T12:00:00Z");

/** A database on disk; `open` opens it once more, as another process would. */
async function withDatabase(
  test: (open: (key?: string) => Promise<SecretVault>, path: string) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "flow-vault-"));
  const path = join(folder, "flow.db");
  await using opened = new AsyncDisposableStack();
  opened.defer(() => rm(folder, { recursive: true }));
  await test(async (key = KEY) => {
    const store = await openSqliteStore(path);
    opened.defer(() => store.close());
    return await store.openVault(() => Promise.resolve({ text: key, origin: "the test" }));
  }, path);
}

Deno.test("SecretVault: what is stored can be read again, is listed without values, and can be forgotten", () =>
  withDatabase(async (open) => {
    const vault = await open();
    assert.equal(await vault.set("B", "first", NOW), true);
    assert.equal(await vault.set("B", "wörd\n", NOW + 1000), false);
    assert.equal(await vault.set("A", "another", NOW), true);
    const again = await open();
    assert.deepEqual(await again.read(["B", "C"], NOW + 2000), new Map([["B", "wörd\n"]]));
    assert.deepEqual(await again.list(), [
      { name: "A", created_at: "2026-01-31T12:00:00.000Z", updated_at: "2026-01-31T12:00:00.000Z" },
      {
        name: "B",
        created_at: "2026-01-31T12:00:00.000Z",
        updated_at: "2026-01-31T12:00:01.000Z",
        used_at: "2026-01-31T12:00:02.000Z",
      },
    ]);
    await again.delete("B");
    await assert.rejects(again.delete("B"), { code: "not_found" });
    assert.deepEqual(await vault.read(["B"], NOW), new Map());
  }));

Deno.test("SecretVault: a wrong key neither reads nor adds; once nothing is stored any key will do", () =>
  withDatabase(async (open) => {
    await (await open()).set("A", "value", NOW);
    const other = await open(OTHER_KEY);
    const expected = { code: "conflict", message: /the test is not the key/ };
    await assert.rejects(other.read(["A"], NOW), expected);
    await assert.rejects(other.set("B", "value", NOW), expected);
    assert.deepEqual(await other.read(["B"], NOW), new Map(), "who needs no value needs no key");
    await other.delete("A");
    await other.set("A", "new", NOW);
    assert.deepEqual(await other.read(["A"], NOW), new Map([["A", "new"]]));
    await assert.rejects((await open()).set("A", "old", NOW), expected);
  }));

Deno.test("SecretVault: passphrases and keys in hexadecimal and Base64 all work", () =>
  withDatabase(async (open) => {
    const base64 = btoa("K".repeat(32));
    for (const key of ["correct horse battery", base64, base64.replace("=", ""), KEY.toUpperCase()]) {
      const vault = await open(key);
      await vault.set("A", `by ${key}`, NOW);
      assert.deepEqual(await (await open(key)).read(["A"], NOW), new Map([["A", `by ${key}`]]));
      await vault.delete("A");
    }
  }));

Deno.test("SecretVault: a changed row, and one that was moved to another name, is found out", () =>
  withDatabase(async (open, path) => {
    const vault = await open();
    await vault.set("A", "value", NOW);
    await vault.set("B", "other", NOW);
    const database = new DatabaseSync(path);
    database.exec("UPDATE secrets SET (nonce, data) = (SELECT nonce, data FROM secrets WHERE name = 'A')");
    await assert.rejects(vault.read(["B"], NOW), { code: "store_corrupt" });
    assert.equal((await vault.read(["A"], NOW)).get("A"), "value");
    database.exec("UPDATE secrets SET data = zeroblob(21) WHERE name = 'A'");
    database.close();
    await assert.rejects(vault.read(["A"], NOW), { code: "store_corrupt" });
  }));

Deno.test("SecretVault: several that store the first secret at once agree on a key", () =>
  withDatabase(async (open) => {
    const vaults = await Promise.all(Array.from({ length: 5 }, () => open()));
    await Promise.all(vaults.map((vault, index) => vault.set(`S${index}`, `value ${index}`, NOW)));
    const names = vaults.map((_, index) => `S${index}`);
    const values = await (await open()).read(names, NOW);
    assert.deepEqual([...values], names.map((name, index) => [name, `value ${index}`]));
  }));

Deno.test("SecretVault: neither values nor keys are in the database", () =>
  withDatabase(async (open, path) => {
    await (await open()).set("NAME", "a-value-to-look-for", NOW);
    const bytes = Buffer.concat([await readFile(path), await readFile(`${path}-wal`)]).toString("latin1");
    assert.ok(bytes.includes("NAME"));
    for (const text of ["a-value-to-look-for", KEY, "LLLLLLLL"]) assert.ok(!bytes.includes(text), text);
  }));

Deno.test("SecretCipher: the same text is never sealed to the same bytes, nor opened in another database", async () => {
  const salt = randomBytes(16);
  const cipher = await SecretCipher.open(KEY, salt);
  const sealed = await cipher.seal("A", "text");
  assert.notDeepEqual((await cipher.seal("A", "text")).data, sealed.data);
  assert.equal(await cipher.open("A", sealed), "text");
  assert.equal(await cipher.open("B", sealed), undefined);
  assert.equal(await (await SecretCipher.open(KEY, randomBytes(16))).open("A", sealed), undefined);
});
