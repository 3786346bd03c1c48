import assert from "node:assert/strict";
import type { ProcessStatus, Subprocess } from "../../platform/types.ts";
import { encodeFrame } from "./frames.ts";
import { PythonWorker } from "./worker.ts";

/** A worker whose process is played by the test. */
function openWorker() {
  const stdout = new TransformStream<Uint8Array, Uint8Array>();
  const stderr = new TransformStream<Uint8Array, Uint8Array>();
  const [toStdout, toStderr] = [stdout.writable.getWriter(), stderr.writable.getWriter()];
  const { promise: status, resolve } = Promise.withResolvers<ProcessStatus>();
  const child: Subprocess = {
    pid: 1,
    started: "",
    stdin: new WritableStream(),
    stdout: stdout.readable,
    stderr: stderr.readable,
    status,
    signalTree: () => {},
    isTreeAlive: () => false,
    endTree: async () => {},
  };
  const end = async (end: ProcessStatus) => {
    await Promise.all([toStdout.close(), toStderr.close()]);
    resolve(end);
  };
  const worker = new PythonWorker({ name: "worker", child, python: "python3" });
  return {
    worker,
    say: (message: unknown) => toStdout.write(encodeFrame(JSON.stringify(message))),
    write: (text: string) => toStderr.write(new TextEncoder().encode(text)),
    end,
  };
}

const tick = () => new Promise((resolve) => setTimeout(resolve, 5));

Deno.test("a call is answered only when all that it has written to stderr has come", async () => {
  const { worker, say, write, end } = openWorker();
  await say({ type: "ready" });
  const seen: string[] = [];
  const call = worker.call(new Uint8Array(), { onLine: (_, line) => seen.push(line) });
  const answered = call.then((value) => seen.push(`answer ${value}`));
  await say({ type: "result", value: 1 });
  await tick();
  await write("late\n");
  await write("no line end\x1eflow-call-end\n");
  await answered;
  assert.deepEqual(seen, ["late", "no line end", "answer 1"]);
  await end({ code: 0, signal: null });
  await worker.ended;
});

Deno.test("a call ends with its worker, and tells how that ended", async () => {
  const { worker, say, write, end } = openWorker();
  await say({ type: "ready" });
  const call = assert.rejects(worker.call(new Uint8Array(), { onLine: () => {} }), {
    code: "killed_by_signal",
    message: "The Python worker was killed by SIGKILL: out of luck",
    retryable: true,
  });
  await write("out of luck\n");
  await end({ code: 137, signal: "SIGKILL" });
  await call;
  assert.equal(worker.isAlive, false);
});
