import { OutputStream } from "../../cli/output.ts";

/** An output stream that remembers what was written. */
export function createFakeOutput(): { output: OutputStream; text: () => string } {
  let written = "";
  const write = (_stream: string, data: string) => {
    written += data;
    return Promise.resolve();
  };
  return { output: new OutputStream({ write, isTerminal: () => true }, "stderr"), text: () => written };
}
