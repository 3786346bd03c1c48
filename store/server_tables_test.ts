import assert from "node:assert/strict";
import { openSqliteStore } from "./open.ts";
import { openServerTables, type ServerTables } from "./server_tables.ts";

const NOON = Date.UTC(2026, 0, 1, 12);
const DAY = 24 * 3_600_000;

async function withTables(test: (tables: ServerTables) => Promise<void>): Promise<void> {
  const store = await openSqliteStore(":memory:");
  try {
    await test(openServerTables(store));
  } finally {
    await store.close();
  }
}

Deno.test("claim() remembers the first request with a key for a day, for each client alone", async () => {
  await withTables(async ({ idempotency }) => {
    const request = { client: "ci", key: "k", hash: "h1", execution_id: "e1" };
    assert.deepEqual(await idempotency.claim(request, NOON), { hash: "h1", execution_id: "e1", isNew: true });
    const again = { ...request, hash: "h2", execution_id: "e2" };
    assert.deepEqual(await idempotency.claim(again, NOON + DAY), { hash: "h1", execution_id: "e1", isNew: false });
    assert.equal((await idempotency.claim({ ...again, client: "other" }, NOON)).isNew, true);
    assert.deepEqual(await idempotency.claim(again, NOON + DAY + 1), { hash: "h2", execution_id: "e2", isNew: true });
    await idempotency.release("ci", "k");
    assert.equal((await idempotency.claim(request, NOON + DAY + 2)).isNew, true);
  });
});

Deno.test("the audit log answers page by page, and keeps only so many entries", async () => {
  await withTables(async ({ audit }) => {
    const entry = {
      at: "2026-01-01T12:00:00.000Z",
      actor: "ci",
      role: "operator",
      address: "::1",
      status: 200,
    } as const;
    for (let i = 1; i <= 5; i++) await audit.add({ ...entry, action: `POST /${i}`, request_id: String(i) });
    const page = await audit.list({ limit: 2 });
    assert.deepEqual(page.map(({ action }) => action), ["POST /5", "POST /4"]);
    assert.deepEqual(page[0], { ...entry, id: 5, action: "POST /5", request_id: "5" });
    const next = await audit.list({ limit: 9, before: page[1]?.id });
    assert.deepEqual(next.map(({ id }) => id), [3, 2, 1]);
  });
});

Deno.test("a token is shown once: lists and the database know only its hash", async () => {
  await withTables(async ({ tokens }) => {
    assert.equal(await tokens.hasAny(), false);
    const { token, id } = await tokens.create({ name: "ci", role: "operator" }, NOON);
    assert.match(token, /^flow_[0-9a-f]{12}_[0-9a-f]{64}$/);
    const secret = token.split("_")[2] ?? "";
    assert.ok(!JSON.stringify(await tokens.find(id)).includes(secret));
    assert.ok(!("hash" in ((await tokens.list())[0] ?? {})));
    assert.equal(await tokens.hasAny(), true);
  });
});
