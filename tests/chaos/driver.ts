/**
 * A process of its own for tests: starts an execution, or goes on with it where another process was killed.
 * `deno run -A driver.ts DATABASE WORKFLOW_JSON EXECUTION_ID [normal|full] [before:N|after:N]`; the workflow is in its
 * checked form, and the last argument makes it kill itself right before or after its Nth append.
 * Says `driving`, then the final status; exits with 5 if another process drives.
 */
import { Engine } from "../../engine/engine.ts";
import { toFlowError } from "../../engine/errors.ts";
import { NodeRegistry } from "../../engine/registry.ts";
import type { Store } from "../../engine/store.ts";
import type { Workflow } from "../../engine/workflow.ts";
import { createBuiltinNodes } from "../../nodes/mod.ts";
import { getPlatform } from "../../platform/mod.ts";
import { recoveryOptions } from "../../platform/recovery.ts";
import { openSqliteStore } from "../../store/open.ts";
import { appendNode } from "./append_node.ts";
import { CONFLICT_CODE } from "./process.ts";

/** What a driver says when it has taken the execution. */
export const DRIVING = "driving\n";

const LEFTOVER_GRACE_MS = 100;

/** An engine like the one of `flow`, with a node of these tests. */
export function createChaosEngine(store: Store): Engine {
  const platform = getPlatform();
  return new Engine({
    registry: new NodeRegistry([...createBuiltinNodes(platform), appendNode]),
    store,
    ...recoveryOptions(platform),
    endLeftover: (leftover) => platform.endLeftovers(leftover, LEFTOVER_GRACE_MS),
  });
}

async function drive([database = "", workflowPath = "", id = "", durability, death]: readonly string[]): Promise<void> {
  const store = await openSqliteStore(database, { durability: durability === "full" ? "full" : "normal" });
  const engine = createChaosEngine(death === undefined ? store : dieAt(store, death));
  const summary = await store.getSummary(id, Date.now());
  let status: string | undefined = summary?.status;
  if (summary?.ended_at === undefined) {
    const workflow = JSON.parse(await Deno.readTextFile(workflowPath)) as Workflow;
    const execution = await (summary === undefined ? engine.start(workflow, { execution_id: id }) : engine.resume(id));
    say(DRIVING);
    status = (await execution.result).status;
  }
  await engine.close();
  await store.close();
  say(`${status}\n`);
}

/** A store whose process dies right before or after its Nth append. */
function dieAt(store: Store, death: string): Store {
  const [side, count] = death.split(":");
  let appends = 0;
  const append: Store["append"] = async (...args) => {
    const isLast = ++appends === Number(count);
    if (isLast && side === "before") die();
    await store.append(...args);
    if (isLast) die();
  };
  return new Proxy(store, {
    get(target, name) {
      if (name === "append") return append;
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

function die(): never {
  Deno.kill(Deno.pid, "SIGKILL");
  for (;;);
}

function say(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(text));
}

if (import.meta.main) {
  try {
    await drive(Deno.args);
  } catch (thrown) {
    const error = toFlowError(thrown);
    console.error(error.code === "internal" ? thrown : error.toInfo());
    Deno.exit(error.code === "conflict" ? CONFLICT_CODE : 1);
  }
}
