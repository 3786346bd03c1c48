import assert from "node:assert/strict";
import { FakeClock } from "../engine/fake_clock.ts";
import { sha256 } from "../engine/sha256.ts";
import type { RequestInfo } from "../platform/listener.ts";
import { openSqliteStore } from "../store/open.ts";
import { openServerTables } from "../store/server_tables.ts";
import type { TokenTable } from "../store/tokens.ts";
import { TokenAuthenticator } from "./authentication.ts";

const FIXED = "a-token-of-the-environment";

interface Lab {
  clock: FakeClock;
  tokens: TokenTable;
  /** The name of who sent that token, or the code of the refusal. */
  ask(token: string | undefined, address?: string): Promise<string>;
}

async function withLab(
  options: { fixed?: boolean; isOpenWithoutTokens?: boolean },
  test: (lab: Lab) => Promise<void>,
): Promise<void> {
  const store = await openSqliteStore(":memory:");
  try {
    const clock = new FakeClock();
    const { tokens } = openServerTables(store);
    const own = { id: "own", name: "own", role: "admin" as const, hash: await sha256(FIXED) };
    const authenticator = new TokenAuthenticator({
      clock,
      fixed: options.fixed ? [own] : [],
      stored: tokens,
      isOpenWithoutTokens: options.isOpenWithoutTokens ?? false,
    });
    const ask = async (token: string | undefined, remoteAddress = "10.0.0.1") => {
      const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
      const info = { remoteAddress } as RequestInfo;
      return await authenticator.authenticate(new Request("http://localhost/", { headers }), info)
        .then(({ name }) => name, (error) => error.code);
    };
    await test({ clock, tokens, ask });
  } finally {
    await store.close();
  }
}

Deno.test("without tokens everybody gets in where nobody else can connect, and nobody elsewhere", async () => {
  await withLab({ isOpenWithoutTokens: true }, async ({ ask, tokens, clock }) => {
    assert.equal(await ask(undefined), "anybody");
    assert.equal(await ask("whatever"), "anybody");
    await tokens.create({ name: "first", role: "viewer" }, clock.now());
    assert.equal(await ask(undefined), "unauthenticated", "the first token closes the door");
  });
  await withLab({}, async ({ ask }) => assert.equal(await ask(undefined), "unauthenticated"));
  await withLab({ fixed: true, isOpenWithoutTokens: true }, async ({ ask }) => {
    assert.equal(await ask(undefined), "unauthenticated");
    assert.equal(await ask(FIXED), "own");
  });
});

Deno.test("a token works until it expires or is revoked, and its use is noted to the minute", async () => {
  await withLab({}, async ({ ask, tokens, clock }) => {
    const { token, id } = await tokens.create(
      { name: "ci", role: "operator", expires_at: clock.now() + 3_600_000 },
      clock.now(),
    );
    const lastUsed = async () => (await tokens.list())[0]?.last_used_at;
    assert.equal(await lastUsed(), null);
    assert.equal(await ask(token), "ci");
    const first = clock.now();
    assert.equal(await lastUsed(), first);
    await clock.advance(59_000);
    await ask(token);
    assert.equal(await lastUsed(), first);
    await clock.advance(1000);
    await ask(token);
    assert.equal(await lastUsed(), first + 60_000);
    await clock.advance(3_540_000);
    assert.equal(await ask(token), "unauthenticated");
    const other = await tokens.create({ name: "other", role: "viewer" }, clock.now());
    assert.equal(await ask(other.token), "other");
    assert.equal(await tokens.revoke(other.id, clock.now()), true);
    assert.equal(await tokens.revoke(other.id, clock.now()), false);
    assert.equal(await ask(other.token), "unauthenticated");
    assert.equal(await ask(`flow_${id}_`), "unauthenticated");
  });
});

Deno.test("an address that guesses has to wait, the others and known tokens do not", async () => {
  await withLab({ fixed: true }, async ({ ask, tokens, clock }) => {
    const fresh = await tokens.create({ name: "fresh", role: "viewer" }, clock.now());
    assert.equal(await ask(FIXED), "own");
    const answers: string[] = [];
    for (let guess = 0; guess < 25; guess++) answers.push(await ask(`guess-${guess}`));
    assert.deepEqual(answers.map((code) => code === "unauthenticated"), answers.map((_, guess) => guess < 20));
    assert.equal(await ask(fresh.token), "rate_limited", "not even looked at");
    assert.equal(await ask(FIXED), "own", "it was good before");
    assert.equal(await ask("guess", "10.0.0.2"), "unauthenticated");
    await clock.advance(60_000);
    assert.equal(await ask(fresh.token), "fresh");
    assert.equal(await ask("guess"), "unauthenticated");
  });
});
