import { systemClock } from "../../engine/clock.ts";
import { type ExecutionEvent, isLogEvent } from "../../engine/events.ts";
import { readAllEvents } from "../../engine/store.ts";
import { FlowError } from "../../engine/errors.ts";
import { suggest } from "../../engine/suggest.ts";
import type { Workflow } from "../../engine/workflow.ts";
import { success } from "../../server/outcome.ts";
import type { CliContext, CommonFlags } from "../context.ts";
import { chooseHost, type ExecutionAccess, type ServerFlags } from "../execution_access.ts";
import { findExecution, readRecord } from "../find_execution.ts";
import { type DatabaseFlags, openHistory } from "../open_store.ts";
import { createJsonLinesRenderer } from "../render/json_lines.ts";
import { describeNodeEvent } from "../render/describe.ts";
import { nodeLabels } from "../render/labels.ts";

/** Flags of `flow executions logs`. */
export interface LogsFlags extends CommonFlags, ServerFlags, DatabaseFlags {
  readonly node?: string | undefined;
  readonly follow?: boolean | undefined;
  readonly stdout?: boolean | undefined;
  readonly stderr?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** How often to look whether the process that is followed has died. */
const CHECK_MS = 1000;

/** `flow executions logs`: what the nodes of an execution have told, or tell while another process runs it. */
export async function printLogs(context: CliContext, flags: LogsFlags, id: string): Promise<number> {
  const { out, err } = context;
  const host = await chooseHost(context, flags, openHistory);
  return await host.withAccess(async (access) => {
    const { reader } = access;
    await access.refresh();
    const { execution_id, status } = await findExecution(reader, id);
    const { workflow } = await readRecord(reader, execution_id);
    const node_id = flags.node === undefined ? undefined : findNode(workflow, flags.node);
    const events = flags.follow && status === "running"
      ? follow(context, access, execution_id)
      : readAllEvents(reader, execution_id, { kind: "logs", ...(node_id === undefined ? {} : { node_id }) });
    const print = createPrinter(context, flags, workflow);
    let count = 0;
    for await (const event of events) {
      if (!isLogEvent(event) || (node_id !== undefined && event.node_id !== node_id)) continue;
      if (!isWanted(event, flags)) continue;
      print(event);
      count++;
      if (out.isBehind) await out.flush();
      if (out.isClosed) break;
    }
    if (count === 0 && !flags.json) err.write(NOTHING_TOLD);
    return success.exit_code;
  });
}

const NOTHING_TOLD =
  'There are no lines. What commands print is kept with "flow run --verbose", or with stream_output in their config.\n';

/** The events of an execution that another process drives, until it ends or that process dies. */
async function* follow(
  { out }: CliContext,
  access: ExecutionAccess,
  executionId: string,
): AsyncGenerator<ExecutionEvent, void, undefined> {
  const controller = new AbortController();
  out.onClosed(() => controller.abort());
  let stopTimer = () => {};
  const check = () => {
    stopTimer = systemClock.setTimer(CHECK_MS, () => {
      // What keeps the store from answering, the reader of the events hears too.
      access.refresh().catch(() => {});
      check();
    });
  };
  check();
  try {
    yield* access.follow(executionId, { signal: controller.signal });
  } finally {
    stopTimer();
  }
}

/** The id of the node with this id or unique name. @throws {FlowError} `not_found` */
function findNode(workflow: Workflow, text: string): string {
  const found = workflow.nodes.find(({ id }) => id === text) ?? workflow.nodes.find(({ name }) => name === text);
  if (found !== undefined) return found.id;
  const suggestion = suggest(text, workflow.nodes.map(({ id }) => id));
  throw new FlowError("not_found", `Cannot find node "${text}": the workflow has none with this id`, {
    hint: suggestion === undefined ? 'Run "flow executions show" to see its nodes.' : `Did you mean "${suggestion}"?`,
  });
}

function isWanted({ event }: Extract<ExecutionEvent, { type: "NodeEvent" }>, { stdout, stderr }: LogsFlags): boolean {
  if (!stdout && !stderr) return true;
  return (stdout === true && event.event_type === "StdoutLine") ||
    (stderr === true && event.event_type === "StderrLine");
}

/** Of a single node the bare lines; of several, each with the node that told it. */
function createPrinter(context: CliContext, flags: LogsFlags, workflow: Workflow) {
  const { out, err, outStyle } = context;
  if (flags.json) return createJsonLinesRenderer(out, err).onEvent;
  const labels = nodeLabels(workflow);
  return ({ node_id, index, event }: Extract<ExecutionEvent, { type: "NodeEvent" }>) => {
    const item = index === undefined ? "" : `[${index}]`;
    const prefix = flags.node === undefined ? `${labels.get(node_id) ?? node_id}${item} ${outStyle.dim("|")} ` : "";
    for (const line of describeNodeEvent(event)) out.write(`${prefix}${line}\n`);
  };
}
