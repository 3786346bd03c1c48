import { type EventOf, type ExecutionEvent, type HandlerName, HANDLERS } from "../../engine/events.ts";
import { canonicalJson, type Value } from "../../engine/value.ts";
import type { NodeSpec, Workflow } from "../../engine/workflow.ts";
import { checkItems } from "./item_invariants.ts";

type Completed = EventOf<"WorkflowCompleted">;

/** All that is wrong with the handlers in a whole journal. */
export function checkHandlers(workflow: Workflow, events: readonly ExecutionEvent[], isCancelled: boolean): string[] {
  const end = events.at(-1);
  if (end?.type !== "WorkflowCompleted") return [];
  const problems = checkVerdict(workflow, events, end);
  const due = dueHandlers(workflow, end);
  const told = events.filter((event) => "node_id" in event && event.handler !== undefined);
  for (const name of HANDLERS) {
    const own = told.filter((event) => "handler" in event && event.handler === name);
    if (!due.includes(name) && own.length > 0) problems.push(`${name} ran though the execution ${end.status}`);
    if (due.includes(name)) problems.push(...checkHandler(workflow.settings[name] ?? [], own, end, isCancelled));
  }
  for (const [place, event] of events.entries()) {
    if (event.type !== "WorkflowCancelling" || event.handler === undefined) continue;
    const isLate = (later: ExecutionEvent) => later.type === "NodeStarted" && later.handler === event.handler;
    if (events.slice(place).some(isLate)) problems.push(`a node of ${event.handler} starts after its cancel`);
  }
  const order = told.flatMap((event) => "handler" in event && event.handler !== undefined ? [event.handler] : []);
  const sorted = [...order].sort((a, b) => HANDLERS.indexOf(a) - HANDLERS.indexOf(b));
  if (order.join() !== sorted.join()) problems.push("handlers ran out of order");
  return problems;
}

function dueHandlers({ settings }: Workflow, { status }: Completed): HandlerName[] {
  const called = { succeeded: "on_success", failed: "on_failure", cancelled: undefined }[status];
  return HANDLERS.filter((name) => settings[name] !== undefined && (name === called || name === "on_exit"));
}

/** The result is settled before the handlers run, nothing else runs after it, and they do not change it. */
function checkVerdict(workflow: Workflow, events: readonly ExecutionEvent[], end: Completed): string[] {
  const problems: string[] = [];
  const at = events.findIndex(({ type }) => type === "WorkflowFinishing");
  const finishing = events[at];
  if ((dueHandlers(workflow, end).length > 0) !== (finishing !== undefined)) problems.push("WorkflowFinishing, or not");
  for (const [place, event] of events.entries()) {
    if (place > at && at >= 0 && event.type === "WorkflowFinishing") problems.push("a second WorkflowFinishing");
    if (!("node_id" in event)) continue;
    const isLate = at >= 0 && place > at;
    if (isLate !== (event.handler !== undefined)) problems.push(`${event.type} of ${event.node_id} at the wrong time`);
  }
  if (finishing?.type !== "WorkflowFinishing") return problems;
  const verdict = ({ status, error, outputs }: EventOf<"WorkflowFinishing"> | Completed) =>
    canonicalJson({ status, error: error ?? null, outputs: outputs ?? null } as unknown as Value);
  if (verdict(finishing) !== verdict(end)) problems.push("handlers changed the result");
  return problems;
}

function checkHandler(
  nodes: readonly NodeSpec[],
  events: readonly ExecutionEvent[],
  { status }: Completed,
  isCancelled: boolean,
): string[] {
  const problems: string[] = [];
  const ended = new Set<string>();
  for (const event of events) {
    if (!("node_id" in event)) continue;
    const place = nodes.findIndex(({ id }) => id === event.node_id);
    if (place < 0 || ended.has(event.node_id)) problems.push(`${event.type} of ${event.node_id} after its end`);
    if (event.index !== undefined) continue;
    const isEarly = nodes.slice(0, place).some(({ id }) => !ended.has(id));
    if (event.type === "NodeStarted" && isEarly) problems.push(`${event.node_id} begins before its turn`);
    if (event.type === "NodeCompleted" || event.type === "NodeFailed" || event.type === "NodeSkipped") {
      ended.add(event.node_id);
    }
    const isWanted = nodes[place]?.when === undefined || nodes[place]?.when === `execution.status = '${status}'`;
    if (event.type === "NodeStarted" && !isWanted) problems.push(`${event.node_id} ran against its condition`);
    if (event.type !== "NodeSkipped") continue;
    const { reason } = event.because;
    const isRight = reason === "condition" ? !isWanted : reason === "execution_cancelled" && isCancelled;
    if (!isRight) problems.push(`${event.node_id} skipped: ${reason}`);
  }
  if (ended.size !== nodes.length) problems.push(`${ended.size} of ${nodes.length} nodes of a handler ended`);
  return [...problems, ...nodes.flatMap((spec) => checkItems(spec, events))];
}
