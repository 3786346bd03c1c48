import assert from "node:assert/strict";
import { FlowError } from "../engine/errors.ts";
import type { ProcessIdentity } from "../engine/node.ts";
import { getPlatform } from "../platform/mod.ts";
import { messagesOf, runNode } from "../tests/support/node_harness.ts";
import { isRunning, readPid } from "../tests/support/processes.ts";
import { createShellExec } from "./shell_exec.ts";

const shellExec = createShellExec(getPlatform(), { graceMs: 200 });
const cancelled = new FlowError("cancelled", "Cancelled by a test");

interface Started {
  pids: number[];
  outcome: Promise<unknown>;
  abort: () => void;
}

/** Starts a shell script that writes pids into the files $PID1, $PID2 ..., and hands over when they are there. */
async function withScript(
  command: string,
  count: number,
  work: (started: Started) => Promise<void>,
  more: Record<string, unknown> = {},
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const files = Array.from({ length: count }, (_, index) => `${folder}/${index + 1}`);
  const env = Object.fromEntries(files.map((file, index) => [`PID${index + 1}`, file]));
  const controller = new AbortController();
  const outcome = runNode(shellExec, { config: { command, shell: true, env, ...more }, signal: controller.signal })
    .catch((error: unknown) => error);
  try {
    const pids = await Promise.all(files.map(readPid));
    await work({ pids, outcome, abort: () => controller.abort(cancelled) });
  } finally {
    controller.abort(cancelled);
    await outcome;
    await Deno.remove(folder, { recursive: true });
  }
}

async function expectAllEnded({ pids, outcome, abort }: Started): Promise<void> {
  assert.deepEqual(pids.map(isRunning), pids.map(() => true));
  abort();
  assert.equal(await outcome, cancelled);
  assert.deepEqual(pids.filter(isRunning), []);
}

Deno.test("shellExec ends children and grandchildren when it is cancelled", () =>
  withScript("echo $$ >$PID1; sh -c 'sleep 3600 & echo $! >$PID2; wait' & wait", 2, expectAllEnded));

Deno.test("shellExec ends what went into a session of its own, and what lost its parent", () =>
  withScript(
    "setsid sh -c 'echo $$ >$PID1; exec sleep 3600' & (sleep 3600 & echo $! >$PID2) & echo $$ >$PID3; wait; sleep 3600",
    3,
    expectAllEnded,
  ));

Deno.test("shellExec ends what ignores SIGTERM, and what forks while it is being ended", () =>
  withScript("trap '' TERM; echo $$ >$PID1; while :; do sleep 0.01; done", 1, expectAllEnded));

Deno.test("shellExec lets a command clean up after SIGTERM, and reads what it says then", async () => {
  const controller = new AbortController();
  const lines: string[] = [];
  const command = "trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.01; done";
  const run = runNode(createShellExec(getPlatform()), {
    config: { command, shell: true, stream_output: true },
    signal: controller.signal,
    onEvent(event) {
      if (event.event_type !== "StdoutLine") return;
      lines.push(event.line);
      if (event.line === "ready") controller.abort(cancelled);
    },
  });
  await assert.rejects(run, cancelled);
  assert.deepEqual(lines, ["ready", "bye"]);
});

Deno.test("shellExec ends all of it on timeout, too", () =>
  withScript(
    "trap '' TERM; echo $$ >$PID1; sleep 3600 & echo $! >$PID2; wait",
    2,
    async ({ pids, outcome }) => {
      const error = await outcome;
      assert.ok(error instanceof FlowError);
      assert.equal(error.code, "timeout");
      assert.match(error.message, /timed out after 1 s$/);
      assert.deepEqual(pids.filter(isRunning), []);
    },
    { timeout: 1 },
  ));

Deno.test("shellExec does not wait for ever for background processes that hold its outputs, and ends them", async () => {
  const command = "sleep 3600 & echo $!";
  const { outputs, events } = await runNode(shellExec, { config: { command, shell: true } });
  assert.ok(!isRunning(Number(outputs["stdout"])));
  assert.match(messagesOf(events, "Warning").join(), /left background processes behind/);
});

Deno.test("shellExec leaves a daemon alone that has closed its outputs", async () => {
  const command = "sleep 3600 >/dev/null 2>&1 & echo $!";
  const { outputs, events, attempt_id } = await runNode(shellExec, { config: { command, shell: true } });
  assert.ok(isRunning(Number(outputs["stdout"])));
  assert.deepEqual(events, []);
  assert.equal(await getPlatform().endLeftovers({ mark: attempt_id }, 1000), 1);
  assert.ok(!isRunning(Number(outputs["stdout"])));
});

Deno.test("shellExec reports the process of a command that takes its time", async () => {
  const seen: ProcessIdentity[] = [];
  const config = { command: "echo $$; sleep 0.1", shell: true };
  const { outputs } = await runNode(shellExec, { config, onProcess: (identity) => seen.push(identity) });
  assert.deepEqual(seen.map((identity) => String(identity.pid)), [outputs["stdout"]]);
});

Deno.test("shellExec ends the command if its lines cannot be delivered", async () => {
  const broken = new Error("nobody takes lines");
  const config = { command: "yes", stream_output: true };
  const onEvent = () => {
    throw broken;
  };
  await assert.rejects(runNode(shellExec, { config, onEvent }), broken);
});
