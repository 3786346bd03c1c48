import type { ExecutionSummary } from "../../engine/store.ts";
import type { Durability } from "../../store/connection.ts";
import { openSqliteStore } from "../../store/open.ts";
import { flowCommand } from "../support/flow_command.ts";
import { DRIVING } from "./driver.ts";
import type { Kill } from "./plan.ts";
import { type Ending, runUntilKilled } from "./process.ts";

const DRIVER = [Deno.execPath(), "run", "-A", "--no-check", new URL("./driver.ts", import.meta.url).pathname] as const;
const APPEND_NODE_FILE = new URL("./append_node.ts", import.meta.url).pathname;

/** What is to be driven, and where it is kept. */
export interface Launch {
  database: string;
  /** Path of the workflow, as JSON. */
  document: string;
  durability: Durability;
}

/** One execution, and who drives it, for as long as nobody kills them. */
export interface Victim {
  /** Undefined as long as there is no execution. */
  findId(): Promise<string | undefined>;
  /** One life: starts the execution or goes on with it, with as many processes at the same time as there are `kills`. */
  live(kills: readonly (Kill | undefined)[]): Promise<Ending[]>;
}

/** Is driven by `driver.ts`, which can be killed at a certain append. */
export function createDriverVictim({ database, document, durability }: Launch): Victim {
  const id = `chaos-${crypto.randomUUID()}`;
  const drive = (kill: Kill | undefined) => {
    const death = kill !== undefined && "append" in kill ? [`${kill.when}:${kill.append}`] : [];
    const command = [...DRIVER, database, document, id, durability, ...death] as const;
    return runUntilKilled({ command, driving: DRIVING, finished: [0] }, kill);
  };
  return { findId: () => Promise.resolve(id), live: (kills) => Promise.all(kills.map(drive)) };
}

/** Is driven by `flow run`, then by `flow resume`. */
export function createFlowVictim({ database, document, durability }: Launch): Victim {
  const options = ["--db", database, "--durability", durability, "--nodes", APPEND_NODE_FILE, "--json"];
  return {
    findId: async () => (await findNewest(database))?.execution_id,
    async live(kills) {
      const { execution_id: id, ended_at } = await findNewest(database) ?? {};
      // The last one was killed when all was done: there is nothing to resume.
      if (ended_at !== undefined) return [{ fate: "finished", code: 0, stderr: "" }];
      const command = id === undefined ? ["run", document] : ["resume", id];
      const program = { command: flowCommand([...command, ...options]), driving: '"seq":', finished: [0, 3, 124] };
      // Two `flow run` would be two executions.
      const processes = id === undefined ? kills.slice(0, 1) : kills;
      return await Promise.all(processes.map((kill) => runUntilKilled(program, toTimed(kill))));
    },
  };
}

/** `flow` cannot be killed at an append; somewhere near has to do. */
function toTimed(kill: Kill | undefined): Kill | undefined {
  return kill !== undefined && "append" in kill ? { when: "driving", afterMs: kill.append * 10 } : kill;
}

async function findNewest(database: string): Promise<ExecutionSummary | undefined> {
  const store = await openSqliteStore(database);
  try {
    return (await store.listExecutions({ limit: 1, top_level: true }, Date.now()))[0];
  } finally {
    await store.close();
  }
}
