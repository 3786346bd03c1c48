import { systemClock } from "../../engine/clock.ts";
import type { CliContext } from "../context.ts";
import { databasePath } from "../open_store.ts";
import { formatAge } from "../render/quantities.ts";
import type { HistoryGlance } from "../../store/glance.ts";
import { flagValue, type SourceValue } from "./sources.ts";

/** As many as fit a screen; more are found by typing the beginning of the id. */
const MAX_EXECUTIONS = 50;
const MAX_NODES = 500;

/** The newest executions of this machine, as far as they begin like the last word. */
export async function listExecutionIds(cli: CliContext, words: readonly string[]): Promise<readonly SourceValue[]> {
  return await withGlance(cli, words, (glance) => {
    const now = systemClock.now();
    const partial = words.at(-1) ?? "";
    const prefix = partial.startsWith("-") ? "" : partial;
    const list = (beginning: string, limit: number) =>
      glance.listExecutions(beginning, limit, now).map((it) => ({
        value: it.execution_id,
        description: `${it.status}, ${formatAge(it.created_at, now)}: ${it.workflow_name}`,
      }));
    const found = list(prefix, MAX_EXECUTIONS);
    // Whatever "last" begins with, the newest execution is meant.
    const [newest] = prefix === "" ? found : "last".startsWith(prefix) ? list("", 1) : [];
    return newest === undefined ? found : [{ value: "last", description: newest.description }, ...found];
  });
}

/** The nodes of the execution that the words before the last one name. */
export async function listNodeIds(cli: CliContext, words: readonly string[]): Promise<readonly SourceValue[]> {
  const execution = words.slice(1, -1).find((word) => word === "last" || /^[0-9a-f][0-9a-f-]{5,35}$/.test(word));
  if (execution === undefined) return [];
  return await withGlance(cli, words, (glance) => {
    const [found] = glance.listExecutions(execution === "last" ? "" : execution, 1, systemClock.now());
    if (found === undefined) return [];
    return glance.listNodes(found.execution_id, MAX_NODES).map(({ id, node_type }) => ({
      value: id,
      description: node_type,
    }));
  });
}

/** Of a server nothing is told: completing must not wait for a network. */
async function withGlance(
  { platform }: CliContext,
  words: readonly string[],
  read: (glance: HistoryGlance) => SourceValue[],
): Promise<readonly SourceValue[]> {
  const db = flagValue(words, "--db");
  const isRemote = flagValue(words, "--server") !== undefined || (db === undefined && platform.env("FLOW_SERVER"));
  if (isRemote) return [];
  const path = databasePath(platform, { db });
  const stat = await platform.stat(path);
  if (!stat?.isFile) return [];
  const { openGlance } = await import("../../store/glance.ts");
  const glance = openGlance(path);
  try {
    return read(glance);
  } finally {
    glance.close();
  }
}
