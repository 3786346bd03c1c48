import type { Span, SpanContext } from "@opentelemetry/api";
import type { ErrorInfo } from "../../engine/errors.ts";

/** What a span is beneath: one of ours, or one of another program. */
export type SpanParent = Span | SpanContext | undefined;

/** What spans carry. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** Makes spans, at times that have passed. */
export interface SpanFactory {
  /** `at`: epoch milliseconds. Without a parent it is the root of a trace. */
  start(name: string, at: number, attributes: SpanAttributes, parent: SpanParent): Span;
  fail(span: Span, error: ErrorInfo): void;
}

/** Loads the API of OpenTelemetry; the runtime brings what exports. */
export async function openSpanFactory(version: string): Promise<SpanFactory> {
  const { ROOT_CONTEXT, SpanStatusCode, trace } = await import("@opentelemetry/api");
  const tracer = trace.getTracer("flow", version);
  const contextOf = (parent: SpanParent) => {
    if (parent === undefined) return ROOT_CONTEXT;
    return "spanContext" in parent ? trace.setSpan(ROOT_CONTEXT, parent) : trace.setSpanContext(ROOT_CONTEXT, parent);
  };
  return {
    start: (name, startTime, attributes, parent) =>
      tracer.startSpan(name, { startTime, attributes: { ...attributes } }, contextOf(parent)),
    fail(span, { code, message }) {
      span.setStatus({ code: SpanStatusCode.ERROR, message });
      span.setAttribute("error.type", code);
    },
  };
}

/** The span that a request's header names; undefined if it names none. Source: W3C Trace Context, level 1. */
export function parseTraceparent(header: string | undefined): SpanContext | undefined {
  const [, version, traceId = "", spanId = "", flags = ""] =
    /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/.exec(header ?? "") ?? [];
  const isValid = version !== undefined && version !== "ff" && /[^0]/.test(traceId) && /[^0]/.test(spanId);
  return isValid ? { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true } : undefined;
}
