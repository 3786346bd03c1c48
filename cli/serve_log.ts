import type { Clock } from "../engine/clock.ts";
import { toFlowError } from "../engine/errors.ts";
import type { ExecutionEvent } from "../engine/events.ts";
import type { AnsweredRequest, RequestObserver } from "../server/ports.ts";
import type { OutputStream } from "./output.ts";

/** How the server's log is written: for people, or a JSON object per line. */
export type LogFormat = "text" | "json";

type Level = "info" | "warn" | "error";
type Fields = Readonly<Record<string, string | number | undefined>>;

/** How to log. */
export interface ServeLogOptions {
  format: LogFormat;
  /** Leaves out what is only worth knowing. */
  isQuiet: boolean;
  clock: Clock;
}

/**
 * What a server tells on stderr, a line each: requests, executions, and what went wrong. Paths are shown as routes,
 * without queries, headers and bodies, so that nothing secret gets in.
 */
export class ServeLog implements RequestObserver {
  readonly format: LogFormat;
  readonly #stream: Pick<OutputStream, "write" | "isBehind">;
  readonly #options: ServeLogOptions;
  #dropped = 0;

  constructor(stream: Pick<OutputStream, "write" | "isBehind">, options: ServeLogOptions) {
    this.format = options.format;
    this.#stream = stream;
    this.#options = options;
  }

  get isQuiet(): boolean {
    return this.#options.isQuiet;
  }

  info(message: string, fields: Fields = {}): void {
    this.#write("info", message, fields);
  }

  /** `stack` only if it is to be shown. */
  error(message: string, thrown: unknown, fields: Fields & { stack?: string | undefined } = {}): void {
    const { code, message: why } = toFlowError(thrown);
    this.#write("error", `${message}: ${why}`, { code, ...fields });
  }

  onAnswered(request: AnsweredRequest): void {
    const { id, method, route, status, durationMs, principal, address, executionId } = request;
    this.#write(status >= 500 ? "error" : "info", "request", {
      request_id: id,
      method,
      route,
      status,
      duration_ms: Math.round(durationMs * 100) / 100,
      principal,
      address,
      execution_id: executionId,
    });
  }

  /** For `engine.listen`. */
  onEvents(events: readonly ExecutionEvent[]): void {
    for (const event of events) {
      const { execution_id } = event;
      if (event.type === "WorkflowStarted") {
        this.#write("info", "execution started", { execution_id, workflow_id: event.workflow_id });
      } else if (event.type === "WorkflowResumed") {
        this.#write("info", "execution resumed", { execution_id });
      } else if (event.type === "WorkflowCompleted") {
        const { status, duration_ms, error } = event;
        const why = { code: error?.code, error: error?.message };
        this.#write(status === "failed" ? "warn" : "info", "execution ended", {
          execution_id,
          status,
          duration_ms,
          ...why,
        });
      }
    }
  }

  #write(level: Level, message: string, fields: Fields): void {
    if (this.#options.isQuiet && level === "info") return;
    if (this.#stream.isBehind) {
      this.#dropped++;
      return;
    }
    if (this.#dropped > 0) {
      const count = this.#dropped;
      this.#dropped = 0;
      this.#write("warn", "lines were lost: nobody read them in time", { count });
    }
    const time = new Date(this.#options.clock.now()).toISOString();
    const given = Object.entries(fields).filter(([_, value]) => value !== undefined);
    if (this.format === "json") {
      this.#stream.write(`${JSON.stringify({ time, level, message, ...Object.fromEntries(given) })}\n`);
    } else {
      const pairs = given.map(([name, value]) => ` ${name}=${showValue(value)}`).join("");
      this.#stream.write(`${time} ${level} ${oneLine(message)}${pairs}\n`);
    }
  }
}

/** As it is if nobody could mistake it for more than one field. */
function showValue(value: string | number | undefined): string {
  const text = String(value);
  return /^[\w./:{}@+-]+$/.test(text) ? text : JSON.stringify(text);
}

function oneLine(text: string): string {
  // deno-lint-ignore no-control-regex -- a line that a client has made up would look like one of ours
  return text.replaceAll(/[\u0000-\u001f\u007f]/g, " ");
}
