import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));

/** The program that is tested: an executable, such as the one of the npm package. Default: the source, run by Deno. */
const UNDER_TEST = Deno.env.get("FLOW_UNDER_TEST");

/** Whether it is Deno that runs the program under test, from its source. */
export const isFromSource = UNDER_TEST === undefined;

/** A command line of `flow`. */
export function flowCommand(args: readonly string[] = []): [program: string, ...args: string[]] {
  return UNDER_TEST === undefined ? [Deno.execPath(), "run", "--quiet", "-A", MAIN, ...args] : [UNDER_TEST, ...args];
}
