import assert from "node:assert/strict";
import { join } from "node:path";
import type { ExecutionEvent } from "../../engine/events.ts";
import { type ExecutionSummary, readAllEvents, type Store } from "../../engine/store.ts";
import { openSqliteStore } from "../../store/open.ts";
import { flowCommand } from "../support/flow_command.ts";
import { Random } from "../support/random.ts";
import { withFolder } from "../support/temp_folder.ts";
import { runUntilKilled } from "./process.ts";

/** Executions that suffer; every one is killed some times. */
const ORDEALS = Number(Deno.env.get("FLOW_CHAOS_KILLS") ?? 100) / 50;

const ITEMS = [0, 1, 2];

/** Three executions called at the same time, of two commands each; each command leaves a line behind. */
const DOCUMENT = {
  id: "caller",
  nodes: [{
    id: "call",
    node_type: "flow.call",
    map: { items: ITEMS },
    config: {
      inputs: { item: "${{ item }}" },
      workflow: {
        id: "called",
        inputs: { item: { type: "integer" } },
        nodes: [
          { id: "first", node_type: "shell.exec", config: command("first") },
          { id: "second", node_type: "shell.exec", depends_on: ["first"], config: command("second") },
        ],
        outputs: { text: "${{ nodes.second.stdout }}" },
        settings: { env: ["FLOW_TEST_LOG"] },
      },
    },
  }],
  outputs: { texts: "${{ nodes.call.text }}" },
};

function command(name: string) {
  return {
    shell: true,
    command: `sleep 0.1; echo "${name} $ITEM" >> "$LOG"; echo "${name} $ITEM"`,
    env: { ITEM: "${{ $string(inputs.item) }}", LOG: "${{ env.FLOW_TEST_LOG }}" },
  };
}

Deno.test({
  name: "an execution that calls others and is killed again and again goes on with those that it had called",
  ignore: Deno.build.os !== "linux",
  async fn() {
    for (let seed = 1; seed <= Math.max(2, ORDEALS); seed++) await withFolder((folder) => suffer(folder, seed));
  },
});

async function suffer(folder: string, seed: number): Promise<void> {
  const random = new Random(seed);
  const [database, document, log] = [join(folder, "flow.db"), join(folder, "caller.json"), join(folder, "log")];
  await Deno.writeTextFile(document, JSON.stringify(DOCUMENT));
  await Deno.writeTextFile(log, "");
  Deno.env.set("FLOW_TEST_LOG", log);
  for (let life = 0;; life++) {
    const { execution_id: id, ended_at } = await findCaller(database) ?? {};
    // The last one was killed when all was done.
    if (ended_at !== undefined) break;
    const target = id === undefined ? ["run", document] : ["resume", id];
    const command = flowCommand([...target, "--db", database, "--json"]);
    const kill = life < 4 ? { when: "driving" as const, afterMs: random.int(0, 300) } : undefined;
    const ending = await runUntilKilled({ command, driving: '"seq":', finished: [0] }, kill);
    assert.notEqual(ending.fate, "broken", ending.stderr);
    if (ending.fate === "finished") break;
  }
  await check(database, log, `seed ${seed}`);
}

async function check(database: string, log: string, what: string): Promise<void> {
  await withStore(database, async (store) => {
    const [caller] = await store.listExecutions({ top_level: true }, Date.now());
    assert.ok(caller !== undefined && caller.status === "succeeded", what);
    const last = (await eventsOf(store, caller.execution_id)).at(-1);
    assert.deepEqual(last?.type === "WorkflowCompleted" && last.outputs, { texts: ITEMS.map((i) => `second ${i}`) });
    const called = await store.listExecutions({ called_by: caller.execution_id }, Date.now());
    assert.deepEqual(called.map(({ status }) => status), ITEMS.map(() => "succeeded"), what);
    for (const { execution_id } of called) assertNothingTwice(await eventsOf(store, execution_id), what);
  });
  const lines = (await Deno.readTextFile(log)).trim().split("\n");
  for (const item of ITEMS) {
    for (const name of ["first", "second"]) assert.ok(lines.includes(`${name} ${item}`), `${what}: ${name} ${item}`);
  }
}

/** No node starts after it has completed. */
function assertNothingTwice(events: readonly ExecutionEvent[], what: string): void {
  const completed = new Set<string>();
  for (const event of events) {
    if (event.type === "NodeStarted") assert.ok(!completed.has(event.node_id), `${what}: ${event.node_id} ran twice`);
    if (event.type === "NodeCompleted") completed.add(event.node_id);
  }
}

function eventsOf(store: Store, executionId: string): Promise<ExecutionEvent[]> {
  return Array.fromAsync(readAllEvents(store, executionId));
}

async function findCaller(database: string): Promise<ExecutionSummary | undefined> {
  return await withStore(database, async (store) => (await store.listExecutions({ top_level: true }, Date.now()))[0]);
}

async function withStore<T>(database: string, use: (store: Store) => Promise<T>): Promise<T> {
  const store = await openSqliteStore(database);
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}
