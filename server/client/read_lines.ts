import { FlowError } from "../../engine/errors.ts";

/** Characters of a line at most; the largest events carry outputs of tens of MiB. */
const MAX_LINE = 256 * 1024 * 1024;

/**
 * The lines of a body, the last one only if it is complete. Ends with an error if nothing comes for `idleMs`: the server
 * sends empty lines in between.
 *
 * @throws {FlowError} `unavailable`
 */
export async function* readLines(
  body: ReadableStream<Uint8Array>,
  idleMs: number,
): AsyncGenerator<string[], void, undefined> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let parts: string[] = [];
  let length = 0;
  try {
    for (;;) {
      const { done, value } = await withinTime(reader.read(), idleMs);
      if (done) return;
      const lines = decoder.decode(value, { stream: true }).split("\n");
      const rest = lines.pop() ?? "";
      if (lines.length > 0) {
        lines[0] = parts.join("") + lines[0];
        parts = [];
        length = 0;
      }
      parts.push(rest);
      length += rest.length;
      if (length > MAX_LINE) throw new FlowError("internal", "The server sent a line without end");
      if (lines.length > 0) yield lines;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

async function withinTime<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new FlowError("unavailable", "The server has fallen silent")), ms);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
