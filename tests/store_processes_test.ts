import assert from "node:assert/strict";
import { type ExecutionEvent, isLogEvent } from "../engine/events.ts";
import { readAllEvents, type Store } from "../engine/store.ts";
import { checkDatabase } from "../store/integrity.ts";
import { openSqliteStore } from "../store/open.ts";
import { asEvents, nodeStarted, record, refuses, started } from "./contracts/store_samples.ts";
import { BATCH_SIZE } from "./support/store_writer.ts";
import { withFolder } from "./support/temp_folder.ts";

const WRITER = new URL("./support/store_writer.ts", import.meta.url).pathname;

function spawnWriter(path: string, id: string, batches: number): Deno.ChildProcess {
  const args = ["run", "-A", "--no-check", WRITER, path, id, String(batches)];
  return new Deno.Command(Deno.execPath(), { args, stdout: "piped", stderr: "piped" }).spawn();
}

async function readAll(store: Store, id: string): Promise<ExecutionEvent[]> {
  const events: ExecutionEvent[] = [];
  for await (const event of readAllEvents(store, id)) events.push(event);
  return events;
}

function withPath(test: (path: string) => Promise<void>): Promise<void> {
  return withFolder((folder) => test(`${folder}/state/flow.db`));
}

Deno.test("four processes create one database at once and write side by side, without any lock error", async () => {
  await withPath(async (path) => {
    const ids = ["a", "b", "c", "d"];
    const ends = await Promise.all(ids.map((id) => spawnWriter(path, id, 300).output()));
    for (const { success, stderr } of ends) assert.ok(success, new TextDecoder().decode(stderr));
    const store = await openSqliteStore(path);
    for (const id of ids) {
      const events = await readAll(store, id);
      assert.deepEqual(events.map((event) => event.seq), Array.from({ length: 300 * BATCH_SIZE }, (_, i) => i + 1));
    }
    await store.close();
    assert.deepEqual((await checkDatabase(path)).problems, []);
  });
});

Deno.test("a process that has missed another one's events cannot go on", async () => {
  await withPath(async (path) => {
    const store = await openSqliteStore(path);
    await record(store, "x", [started()], [nodeStarted("a")]);
    const { success, stderr } = await spawnWriter(path, "x", 1).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    await refuses("conflict", () => store.append("x", 2, asEvents("x", 2, [nodeStarted("b")])));
    assert.equal((await readAll(store, "x")).length, 2 + BATCH_SIZE);
    await store.append("x", 5, asEvents("x", 5, [nodeStarted("b")]));
    await store.close();
  });
});

Deno.test("kill -9 leaves whole batches, and all that were accepted", async () => {
  await withPath(async (path) => {
    for (const linesBeforeKill of [1, 7, 40, 200]) {
      const id = `killed-after-${linesBeforeKill}`;
      const accepted = await killAfter(spawnWriter(path, id, 1_000_000), linesBeforeKill);
      const store = await openSqliteStore(path);
      const events = await readAll(store, id);
      assert.ok(events.length >= accepted, `${events.length} of ${accepted}`);
      assert.equal(events.length % BATCH_SIZE, 0);
      assert.deepEqual(events.map((event) => event.seq), events.map((_, i) => i + 1));
      assert.equal(events.filter(isLogEvent).length, events.length / BATCH_SIZE);
      await store.close();
    }
    assert.deepEqual((await checkDatabase(path)).problems, []);
  });
});

/** Kills a writer when it has said so many lines; answers the newest seq that it called safe. */
async function killAfter(writer: Deno.ChildProcess, lines: number): Promise<number> {
  let said = "", isKilled = false;
  for await (const text of writer.stdout.pipeThrough(new TextDecoderStream())) {
    said += text;
    if (isKilled || said.split("\n").length <= lines) continue;
    writer.kill("SIGKILL");
    isKilled = true;
  }
  await writer.stderr.cancel();
  await writer.status;
  return Number(said.split("\n").slice(0, -1).at(-1));
}
