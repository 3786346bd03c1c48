import type { Platform } from "../platform/types.ts";
import { OutputStream } from "./output.ts";
import { createStyle, type Style, wantsColors } from "./style.ts";

/** What a command works with: the machine, and the two streams that people and programs read. */
export interface CliContext {
  readonly platform: Platform;
  readonly out: OutputStream;
  readonly err: OutputStream;
  readonly outStyle: Style;
  readonly errStyle: Style;
}

/** Flags that every command has. */
export interface CommonFlags {
  readonly debug?: boolean | undefined;
}

/** A command answers its exit code; it never exits, and throws FlowErrors for everything that has to be explained. */
export type Command<Flags extends CommonFlags, Args extends readonly (string | undefined)[]> = (
  context: CliContext,
  flags: Flags,
  ...args: Args
) => Promise<number> | number;

export function createContext(platform: Platform): CliContext {
  const out = new OutputStream(platform, "stdout");
  const err = new OutputStream(platform, "stderr");
  return {
    platform,
    out,
    err,
    outStyle: createStyle(wantsColors(platform, out.isTerminal)),
    errStyle: createStyle(wantsColors(platform, err.isTerminal)),
  };
}
