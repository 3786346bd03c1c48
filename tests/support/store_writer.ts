/**
 * A process of its own for tests: appends to one execution and says after each append which seq is safe.
 * `deno run -A store_writer.ts PATH EXECUTION BATCHES`; goes on where the execution stands.
 */
import { toFlowError } from "../../engine/errors.ts";
import { openSqliteStore } from "../../store/open.ts";
import { asEvents, nodeCompleted, nodeSays, nodeStarted, sampleRecord } from "../contracts/store_samples.ts";

/** Events in each batch. */
export const BATCH_SIZE = 3;

async function write(path: string, id: string, batches: number): Promise<void> {
  const store = await openSqliteStore(path);
  const summary = await store.getSummary(id, 0);
  if (summary === undefined) await store.createExecution(sampleRecord(id));
  let seq = summary?.last_seq ?? 0;
  for (let i = 0; i < batches; i++) {
    const node = `n${i}`;
    await store.append(id, seq, asEvents(id, seq, [nodeStarted(node), nodeSays(node, "working"), nodeCompleted(node)]));
    seq += BATCH_SIZE;
    Deno.stdout.writeSync(new TextEncoder().encode(`${seq}\n`));
  }
  await store.close();
}

if (import.meta.main) {
  const [path = "", id = "", batches = "0"] = Deno.args;
  try {
    await write(path, id, Number(batches));
  } catch (error) {
    console.error(toFlowError(error).toInfo());
    Deno.exit(1);
  }
}
