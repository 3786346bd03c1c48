import { FlowError } from "../engine/errors.ts";

/** An error that came past the engine, masked with its cause and the stack of that; itself if nothing was to mask. */
export function maskThrown(error: FlowError, mask: (text: string) => string): FlowError {
  const { code, message, hint, retryable, cause } = error;
  const shown = { message: mask(message), stack: cause instanceof Error ? mask(cause.stack ?? "") : undefined };
  const isClean = shown.message === message && (!(cause instanceof Error) || shown.stack === cause.stack);
  if (isClean) return error;
  const origin = new Error(shown.message);
  if (shown.stack !== undefined) origin.stack = shown.stack;
  return new FlowError(code, shown.message, { hint, retryable, cause: origin });
}
