import {
  type EventOf,
  type ExecutionEvent,
  isLogEvent,
  type NodeEventBody,
  type NodeSubject,
} from "../engine/events.ts";
import { setOwn } from "../engine/plain.ts";
import { parseValue, stringifyValue, type Value, type Values } from "../engine/value.ts";

/** Outputs whose JSON is longer than this are kept once, however many executions have them. */
export const LARGE_OUTPUT_LENGTH = 256 * 1024;

/** A row is closed when it holds this much; one event may make it longer. */
const FULL_ROW_LENGTH = 256 * 1024;

/** The log events of one node in one journal row. */
export interface EncodedChunk {
  nodeId: string;
  firstSeq: number;
  lastSeq: number;
  lines: number;
  /** JSON of each, joined by commas. */
  body: string;
}

/** A run of consecutive events: one journal row and its log chunks. */
export interface EncodedRow {
  firstSeq: number;
  lastSeq: number;
  logs: number;
  bytes: number;
  /** JSON of each event that is not a log event, joined by commas. */
  body: string;
  chunks: Map<string, EncodedChunk> | undefined;
}

/** Large outputs of one event: JSON by port. */
export type LargeOutputs = ReadonlyMap<string, { hash: string; json: string }>;

/** An event as it stands in a row. */
interface StoredEvent {
  type: string;
  /** Hashes of the outputs that are kept elsewhere, by port; `outputs` has null in their place. */
  blobs?: Record<string, string>;
}

/**
 * Encodes a batch. Undefined if it has large outputs and `large` does not say where they are kept: find out with
 * {@link largeOutputs}.
 */
export function encodeEvents(
  events: readonly ExecutionEvent[],
  large?: ReadonlyMap<ExecutionEvent, LargeOutputs>,
): EncodedRow[] | undefined {
  const rows: EncodedRow[] = [];
  let row: EncodedRow | undefined;
  for (const event of events) {
    if (row === undefined || row.bytes >= FULL_ROW_LENGTH) {
      row = { firstSeq: event.seq, lastSeq: 0, logs: 0, bytes: 0, body: "", chunks: undefined };
      rows.push(row);
    }
    row.lastSeq = event.seq;
    if (isLogEvent(event)) {
      addLog(row, event);
      continue;
    }
    const kept = large?.get(event);
    const json = encodeEvent(event, kept);
    if (json.length > LARGE_OUTPUT_LENGTH && large === undefined && event.type === "NodeCompleted") return undefined;
    row.body = row.body === "" ? json : `${row.body},${json}`;
    row.bytes += json.length;
    for (const { json } of kept?.values() ?? []) row.bytes += json.length;
  }
  return rows;
}

/** The JSON of each large output of `event`, by port. */
export function largeOutputs(event: ExecutionEvent): Map<string, string> {
  const found = new Map<string, string>();
  if (event.type !== "NodeCompleted") return found;
  for (const [port, value] of Object.entries(event.outputs)) {
    const json = stringifyValue(value);
    if (json.length > LARGE_OUTPUT_LENGTH) found.set(port, json);
  }
  return found;
}

function encodeEvent(event: ExecutionEvent, large: LargeOutputs | undefined): string {
  const { execution_id: _, ...stored } = event;
  if (large === undefined || stored.type !== "NodeCompleted") return toJson(stored);
  const outputs: Values = { ...stored.outputs };
  for (const port of large.keys()) setOwn(outputs, port, null);
  return toJson({ ...stored, outputs, blobs: Object.fromEntries([...large].map(([port, { hash }]) => [port, hash])) });
}

function addLog(row: EncodedRow, { seq, timestamp, node_id, event, index, handler }: EventOf<"NodeEvent">): void {
  row.chunks ??= new Map();
  let chunk = row.chunks.get(node_id);
  if (chunk === undefined) {
    chunk = { nodeId: node_id, firstSeq: seq, lastSeq: seq, lines: 0, body: "" };
    row.chunks.set(node_id, chunk);
  }
  const about = index === undefined && handler === undefined ? "" : `,${JSON.stringify({ index, handler })}`;
  const json = `[${seq},${JSON.stringify(timestamp)},${toJson(event)}${about}]`;
  chunk.body = chunk.lines === 0 ? json : `${chunk.body},${json}`;
  chunk.lastSeq = seq;
  chunk.lines++;
  row.logs++;
  row.bytes += json.length;
}

/** Events nest their values less deep than values may nest, so that a whole event can be handled as one. */
function toJson(value: object): string {
  return stringifyValue(value as Value);
}

/** The events of a journal row's body; `loadBlob` answers the JSON that is kept under a hash. */
export function decodeRow(body: string, executionId: string, loadBlob: (hash: string) => string): ExecutionEvent[] {
  if (body === "") return [];
  return (parseValue(`[${body}]`) as unknown as StoredEvent[]).map(({ type, blobs, ...rest }) => {
    const event = { type, execution_id: executionId, ...rest } as ExecutionEvent;
    if (blobs !== undefined && event.type === "NodeCompleted") {
      for (const [port, hash] of Object.entries(blobs)) setOwn(event.outputs, port, parseValue(loadBlob(hash)));
    }
    return event;
  });
}

/** The events of a log chunk's body. */
export function decodeChunk(body: string, executionId: string, nodeId: string): ExecutionEvent[] {
  const lines = parseValue(`[${body}]`) as unknown as [number, string, NodeEventBody & Value, Partial<NodeSubject>?][];
  return lines.map(([seq, timestamp, event, about]) => {
    return { type: "NodeEvent", execution_id: executionId, seq, timestamp, node_id: nodeId, ...about, event };
  });
}
