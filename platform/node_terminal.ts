import process from "node:process";
import { isatty } from "node:tty";
import { FlowError } from "../engine/errors.ts";
import { HiddenLine } from "./hidden_line.ts";
import { codeOf, reasonOf } from "./node_errors.ts";
import type { Platform } from "./types.ts";

type TerminalCalls = Pick<Platform, "readHiddenLine" | "write" | "isTerminal" | "terminalSize">;

const DESCRIPTORS = { stdin: 0, stdout: 1, stderr: 2 };
/** Of writes to what nobody reads any more. */
const CLOSED_CODES = ["EPIPE", "ECONNRESET", "ERR_STREAM_DESTROYED"];

/** The calls of a {@link Platform} that are about the three standard streams. */
export const terminalCalls: TerminalCalls = {
  readHiddenLine,
  write,
  isTerminal: (stream) => isatty(DESCRIPTORS[stream]),
  terminalSize,
};

async function readHiddenLine(prompt: string): Promise<string | undefined> {
  const line = new HiddenLine();
  const { stdin } = process;
  stdin.setRawMode(true);
  try {
    // Not before: somebody may type, or paste, at once.
    await write("stderr", prompt);
    for await (const keys of stdin.iterator({ destroyOnReturn: false })) {
      const typed = line.type(keys as Uint8Array);
      if (typed !== undefined) return typed ?? undefined;
    }
    return undefined;
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
  }
}

const heard = new Set<string>();

/** A stream keeps the order of its writes, and takes each as a whole. */
function write(name: "stdout" | "stderr", data: string): Promise<void> {
  const stream = process[name];
  // The write hears of it; without a listener it would end the program.
  if (!heard.has(name)) stream.on("error", () => {});
  heard.add(name);
  return new Promise((resolve, reject) => {
    stream.write(data, (error) => error ? reject(writeError(name, error)) : resolve());
  });
}

function writeError(name: string, cause: Error): FlowError {
  const state = CLOSED_CODES.includes(codeOf(cause) ?? "") ? "nobody reads it any more" : reasonOf(cause);
  return new FlowError("unavailable", `Cannot write to ${name}: ${state}`, { cause });
}

function terminalSize(): { columns: number; rows: number } | null {
  const stream = [process.stdout, process.stderr].find(({ isTTY }) => isTTY);
  if (stream === undefined) return null;
  const [columns, rows] = stream.getWindowSize();
  return { columns, rows };
}
