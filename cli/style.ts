import type { Platform } from "../platform/types.ts";

type Paint = (text: string) => string;

/** Colors for one output stream; each function answers its text unchanged where colors are off. */
export interface Style {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly red: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
  readonly cyan: Paint;
}

/** The style of a stream that shows colors, or of one that does not. */
export function createStyle(hasColors: boolean): Style {
  const paint = (open: number, close: number): Paint =>
    hasColors ? (text) => text === "" ? "" : `\x1b[${open}m${text}\x1b[${close}m` : (text) => text;
  return {
    bold: paint(1, 22),
    dim: paint(2, 22),
    red: paint(31, 39),
    green: paint(32, 39),
    yellow: paint(33, 39),
    cyan: paint(36, 39),
  };
}

/** NO_COLOR (https://no-color.org) wins over FORCE_COLOR, and that over what the stream is. */
export function wantsColors(platform: Platform, isTerminal: boolean): boolean {
  if (isSet(platform.env("NO_COLOR"))) return false;
  const force = platform.env("FORCE_COLOR");
  if (isSet(force)) return force !== "0" && force !== "false";
  return isTerminal && platform.env("TERM") !== "dumb";
}

function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== "";
}
