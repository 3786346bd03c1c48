import type { CliContext } from "../context.ts";
import { formatBytes } from "../render/quantities.ts";

const REDRAW_MS = 100;

/** What is told while an executable comes. */
export interface Progress {
  update(received: number, total: number | undefined): void;
  /** Has to be called, whatever happened. */
  end(): void;
}

/** Tells on stderr how far a download is: on a terminal in one line that changes, elsewhere once. */
export function showProgress({ err }: CliContext, version: string): Progress {
  if (!err.isTerminal) {
    err.write(`downloading flow ${version}\n`);
    return { update: () => {}, end: () => {} };
  }
  let drawn = -Infinity;
  return {
    update(received, total) {
      const now = performance.now();
      if (now - drawn < REDRAW_MS && received !== total) return;
      drawn = now;
      const all = total === undefined ? "" : ` of ${formatBytes(total)}, ${Math.floor(received / total * 100)} %`;
      err.write(`\r\x1b[Kdownloading flow ${version}: ${formatBytes(received)}${all}`);
    },
    end: () => err.write("\r\x1b[K"),
  };
}
