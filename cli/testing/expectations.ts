import type { ErrorInfo } from "../../engine/errors.ts";
import type { EventOf, ExecutionEvent } from "../../engine/events.ts";
import { formatPath, type Path } from "../../engine/issue.ts";
import { quote } from "../../engine/plain.ts";
import type { NodeState } from "../../engine/state.ts";
import type { Value, Values } from "../../engine/value.ts";
import { describeSkip } from "../render/describe.ts";
import { readEvent } from "./check_names.ts";
import { compareValues, type Strictness, toValues } from "./compare.ts";
import type { Trace } from "./run_case.ts";
import type { Unmocked } from "./test_dispatcher.ts";
import { readValues } from "./test_file.ts";
import type { Expectation, NodeExpectation } from "./test_schema.ts";

/** Something that a test has found wrong. */
export interface Problem {
  /** Of what was expected, in the test file. */
  path: Path;
  message: string;
  hint?: string | undefined;
  /** Given together, or not at all. */
  expected?: Value | undefined;
  actual?: Value | undefined;
}

/** Everything in `trace` that is not as the test at `path` expects. */
export function findProblems(expect: Expectation | undefined, trace: Trace, path: Path): Problem[] {
  const unmocked = [...trace.unmocked].map(([id, node]) => describeUnmocked(id, node, path));
  // All else follows from that.
  if (unmocked.length > 0) return unmocked;
  if (trace.timeoutMs !== undefined) {
    return [{
      path,
      message: `It took longer than ${trace.timeoutMs} ms`,
      hint: "Mock what waits, or raise timeout_ms.",
    }];
  }
  return new Checker(trace, expect === undefined ? path : [...path, "expect"]).check(expect ?? { status: "succeeded" });
}

function describeUnmocked(id: string, { node_type, isCalled }: Unmocked, path: Path): Problem {
  const of = isCalled ? " of a called workflow" : "";
  return {
    path,
    message: `Node ${quote(id)}${of} came to run, and has no mock`,
    hint: isCalled
      ? `Mock the node that calls it, or its type under mock_types, or let it really run: real_types: [${node_type}].`
      : `Give it one under mocks, or let it really run: real: [${id}].`,
  };
}

class Checker {
  readonly #trace: Trace;
  readonly #path: Path;
  readonly #problems: Problem[] = [];

  constructor(trace: Trace, path: Path) {
    this.#trace = trace;
    this.#path = path;
  }

  check(expect: Expectation): Problem[] {
    const { status, error, outputs, events, state } = this.#trace;
    this.#checkStatus(expect);
    if (expect.error !== undefined) this.#checkError(expect.error, error, ["error"]);
    this.#compare(expect.outputs, outputs, "exact", ["outputs"]);
    this.#compare(expect.outputs_contain, outputs, "contain", ["outputs_contain"]);
    for (const [id, node] of Object.entries(expect.nodes ?? {})) this.#checkNode(id, node);
    if (expect.events !== undefined) this.#checkEvents(expect.events, events);
    if (expect.duration_ms !== undefined && status !== "refused") {
      this.#equal(expect.duration_ms, state.duration_ms ?? 0, ["duration_ms"]);
    }
    return this.#problems;
  }

  #checkStatus({ status: expected }: Expectation): void {
    const { status: actual, error } = this.#trace;
    if (expected === actual) return;
    const why = error === undefined ? "" : `: ${error.message}`;
    this.#problems.push({
      path: [...this.#path, "status"],
      message: `The execution ${verb(actual)}${why}`,
      hint: error?.hint,
      expected,
      actual,
    });
  }

  #checkNode(id: string, expect: NodeExpectation): void {
    const { state, events, calls } = this.#trace;
    const path = ["nodes", id];
    const node: NodeState = state.nodes.get(id) ?? { status: "waiting", attempt: 0, failures: 0 };
    const own = events.filter((event) => "node_id" in event && event.node_id === id);
    if (expect.status !== undefined && expect.status !== node.status) {
      const why = node.error?.message ??
        (node.because === undefined ? undefined : describeSkip(node.because, new Map()));
      const message = `Node ${quote(id)} is ${node.status}${why === undefined ? "" : `: ${why}`}`;
      this.#problems.push({
        path: [...this.#path, ...path, "status"],
        message,
        expected: expect.status,
        actual: node.status,
      });
    }
    if (expect.attempts !== undefined) this.#equal(expect.attempts, node.attempt, [...path, "attempts"]);
    const runs = calls.filter(({ node_id }) => node_id === id).length;
    if (expect.runs !== undefined) this.#equal(expect.runs, runs, [...path, "runs"]);
    if (expect.because !== undefined) this.#equal(expect.because, node.because?.reason, [...path, "because"]);
    if (expect.error !== undefined) this.#checkError(expect.error, node.error, [...path, "error"]);
    if (expect.delays_ms !== undefined) {
      const delays = own.flatMap((event) => event.type === "NodeRetrying" ? [event.delay_ms] : []);
      this.#equal(expect.delays_ms, delays, [...path, "delays_ms"]);
    }
    if (expect.log !== undefined) this.#equal(expect.log as Value, own.flatMap(linesOf), [...path, "log"]);
    const completed = own.findLast((event): event is EventOf<"NodeCompleted"> =>
      event.type === "NodeCompleted" && event.index === undefined
    );
    const call = calls.findLast(({ node_id }) => node_id === id);
    const subjects = [["outputs", completed?.outputs], ["inputs", call?.inputs], ["config", call?.config]] as const;
    for (const [name, actual] of subjects) {
      this.#compare(expect[name], actual, "exact", [...path, name]);
      this.#compare(expect[`${name}_contain`], actual, "contain", [...path, `${name}_contain`]);
    }
  }

  #checkError(expect: NonNullable<Expectation["error"]>, actual: ErrorInfo | undefined, path: Path): void {
    const { code, message } = expect;
    const expected = toValues({ code, message });
    this.#compare(expected, actual === undefined ? undefined : toValues(actual), "contain", path);
  }

  /** Each event after the one before it, others between them left aside. */
  #checkEvents(expected: readonly string[], events: readonly ExecutionEvent[]): void {
    let next = 0;
    for (const [index, text] of expected.entries()) {
      const { type, node_id } = readEvent(text);
      const isMeant = (event: ExecutionEvent) =>
        event.type === type && (node_id === undefined || ("node_id" in event && event.node_id === node_id));
      const found = events.findIndex((event, at) => at >= next && isMeant(event));
      if (found < 0) {
        const before = index === 0 ? "" : ` after ${quote(expected[index - 1] ?? "")}`;
        const happened = events.filter((event) => event.type !== "NodeEvent" && event.type !== "NodeProcess").map(
          nameEvent,
        );
        this.#problems.push({
          path: [...this.#path, "events", index],
          message: `There is no event ${quote(text)}${before}`,
          expected: expected.slice(),
          actual: happened,
        });
        return;
      }
      next = found + 1;
    }
  }

  #equal(expected: Value, actual: Value | undefined, path: Path): void {
    for (const difference of compareValues(expected, actual, "exact")) {
      this.#add(difference.path, difference.expected, difference.actual, path);
    }
  }

  #compare(
    raw: Record<string, unknown> | undefined,
    actual: Values | undefined,
    strictness: Strictness,
    path: Path,
  ): void {
    if (raw === undefined) return;
    for (const difference of compareValues(readValues(raw), actual, strictness)) {
      this.#add(difference.path, difference.expected, difference.actual, path);
    }
  }

  #add(inside: Path, expected: Value | undefined, actual: Value | undefined, path: Path): void {
    const place = [...path, ...inside];
    this.#problems.push({ path: [...this.#path, ...place], message: formatPath(place), expected, actual });
  }
}

function verb(status: Trace["status"]): string {
  return status === "refused" ? "did not start" : status === "cancelled" ? "was cancelled" : status;
}

function linesOf(event: ExecutionEvent): string[] {
  if (event.type !== "NodeEvent") return [];
  const { event: body } = event;
  if (body.event_type === "Info" || body.event_type === "Warning") return [body.message];
  return "line" in body ? [body.line] : [];
}

function nameEvent(event: ExecutionEvent): string {
  return "node_id" in event ? `${event.type} ${event.node_id}` : event.type;
}
