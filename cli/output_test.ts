import assert from "node:assert/strict";
import { OutputStream } from "./output.ts";

Deno.test("OutputStream joins what is written while an earlier write is under way, in order", async () => {
  const writes: string[] = [];
  let release = () => {};
  const write = async (_: string, data: string) => {
    writes.push(data);
    if (writes.length === 1) await new Promise<void>((resolve) => release = resolve);
  };
  const output = new OutputStream({ write, isTerminal: () => false }, "stdout");
  output.write("a");
  output.write("b");
  output.write("c");
  release();
  await output.flush();
  assert.deepEqual(writes, ["a", "bc"]);
});

Deno.test("OutputStream drops everything when the reader has gone, says so once, and calls that no failure", async () => {
  let writes = 0;
  let closed = 0;
  const write = () => {
    writes++;
    return Promise.reject(new Error("write failed", { cause: Object.assign(new Error("broken"), { code: "EPIPE" }) }));
  };
  const output = new OutputStream({ write, isTerminal: () => false }, "stdout");
  output.onClosed(() => closed++);
  output.write("a");
  await output.flush();
  output.write("b");
  await output.flush();
  assert.deepEqual({ writes, closed, isClosed: output.isClosed, failure: output.failure }, {
    writes: 1,
    closed: 1,
    isClosed: true,
    failure: undefined,
  });
});

Deno.test("OutputStream remembers why text was lost for any other reason", async () => {
  const full = new Error("disk full");
  const output = new OutputStream({ write: () => Promise.reject(full), isTerminal: () => false }, "stdout");
  output.write("a");
  await output.flush();
  assert.equal(output.failure, full);
});
