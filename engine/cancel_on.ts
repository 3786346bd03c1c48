/** What can be cancelled until its result is there. */
interface Cancellable {
  readonly result: Promise<unknown>;
  cancel(reason: string): unknown;
}

/** Cancels an execution when `signal` aborts, and forgets about the signal when the execution has ended. */
export function cancelOn<E extends Cancellable>(signal: AbortSignal | undefined, execution: E): E {
  if (signal === undefined) return execution;
  const cancel = () => void execution.cancel(abortReason(signal) ?? "Cancelled");
  const forget = () => signal.removeEventListener("abort", cancel);
  if (signal.aborted) cancel();
  else signal.addEventListener("abort", cancel, { once: true });
  execution.result.then(forget, forget);
  return execution;
}

/** Why a signal has aborted, for people; undefined if it has not. */
export function abortReason(signal: AbortSignal | undefined): string | undefined {
  if (signal === undefined || !signal.aborted) return undefined;
  const { reason } = signal;
  if (typeof reason === "string" && reason !== "") return reason;
  // That of an abort without a reason says nothing.
  return reason instanceof Error && reason.name !== "AbortError" ? reason.message : "Cancelled";
}
