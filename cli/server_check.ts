import { FlowError } from "../engine/errors.ts";
import type { CheckResult } from "./doctor_checks.ts";

const PATIENCE_MS = 5000;

/** Whether a server can take work; it needs no token to say so. */
export async function checkServer(address: string): Promise<CheckResult> {
  const url = URL.parse("/ready", address);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new FlowError("invalid_argument", `Cannot use "${address}" as the address of a server`, {
      hint: "Give one such as http://127.0.0.1:3000.",
    });
  }
  const problem = await findProblem(url);
  return {
    name: "server",
    ok: problem === undefined,
    facts: [url.origin],
    problems: problem === undefined ? [] : [problem],
  };
}

async function findProblem(url: URL): Promise<string | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
    const { status, reason } = await response.json();
    if (response.ok && status === "ready") return undefined;
    return typeof reason === "string" ? reason : `It answered ${response.status}, not as a flow server`;
  } catch (error) {
    if (error instanceof SyntaxError) return "It answers, but is no flow server";
    return error instanceof Error && error.name === "TimeoutError"
      ? `It does not answer within ${PATIENCE_MS} ms`
      : "Nobody answers there";
  }
}
