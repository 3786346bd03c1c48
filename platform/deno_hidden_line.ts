import { HiddenLine } from "./hidden_line.ts";

/** Reads a line from the terminal of stdin without showing it; undefined if the user gives up. */
export async function readHiddenLine(prompt: string): Promise<string | undefined> {
  const line = new HiddenLine();
  const keys = new Uint8Array(1024);
  Deno.stdin.setRaw(true);
  try {
    // Not before: somebody may type, or paste, at once.
    await Deno.stderr.write(new TextEncoder().encode(prompt));
    for (;;) {
      const count = await Deno.stdin.read(keys);
      if (count === null) return undefined;
      const typed = line.type(keys.subarray(0, count));
      if (typed !== undefined) return typed ?? undefined;
    }
  } finally {
    Deno.stdin.setRaw(false);
  }
}
