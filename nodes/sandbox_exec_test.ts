import assert from "node:assert/strict";
import { FlowError } from "../engine/errors.ts";
import { sha256 } from "../engine/sha256.ts";
import type { Values } from "../engine/value.ts";
import { getPlatform } from "../platform/mod.ts";
import { nodeContract } from "../tests/contracts/node_contract.ts";
import { linesOf, runNode } from "../tests/support/node_harness.ts";
import { sandboxObstacle, sandboxTest } from "../tests/support/sandbox.ts";
import { withFolder } from "../tests/support/temp_folder.ts";
import { createSandboxExec } from "./sandbox_exec.ts";

const sandboxExec = createSandboxExec(getPlatform());

if (sandboxObstacle === undefined) {
  nodeContract({
    definition: sandboxExec,
    quick: { config: { command: "echo", args: ["hi"] } },
    slow: { config: { command: "sleep", args: ["3600"] } },
    refused: [
      { command: "" },
      { args: "'open" },
      { env: { PORT: 8080 } },
      { timeout: 0 },
      { workdir: "data" },
      { memory_mb: 1 },
      { pids: 0 },
      { network: "yes" },
      { binds: "/data" },
      { binds: ["/data:relative"] },
      { binds: ["/data:/a:b:rw"] },
      { binds: ["/data:/"] },
      { binds: ["/data:/tmp/../etc"] },
      { binds: [":/data"] },
    ],
  });
}

async function script(command: string, config: Record<string, unknown> = {}, inputs: Values = {}): Promise<Values> {
  return (await runNode(sandboxExec, { config: { command, shell: true, ...config }, inputs })).outputs;
}

/** The error that running this config ends with. */
async function failure(config: Record<string, unknown>, inputs: Values = {}): Promise<FlowError> {
  const error = await runNode(sandboxExec, { config, inputs }).then(() => undefined, (thrown: unknown) => thrown);
  assert.ok(error instanceof FlowError, "it fails with an error of ours");
  return error;
}

function withOpenFolder(work: (folder: string) => Promise<void>): Promise<void> {
  return withFolder(async (folder) => {
    await Deno.chmod(folder, 0o755);
    await work(folder);
  });
}

sandboxTest("sandboxExec gives stdout, stderr, the exit code, and JSON as a value", async () => {
  const outputs = await script(`echo '{"a": 1}'; echo no >&2; exit 3`, { fail_on_error: false });
  assert.deepEqual(outputs, { stdout: '{"a": 1}', stderr: "no", output: { a: 1 }, exit_code: 3, success: false });
});

sandboxTest("sandboxExec passes arguments, stdin and inputs as they are", async () => {
  const bytes = Uint8Array.from({ length: 100_000 }, (_, index) => index % 251);
  const digest = await runNode(sandboxExec, { config: { command: "sha256sum" }, inputs: { stdin: bytes } });
  const expected = await sha256(bytes);
  assert.equal(digest.outputs["stdout"], `${expected}  -`);
  const words = ["a b", "", "$HOME", "'"];
  const printed = await runNode(sandboxExec, { config: { command: "printf", args: ["%s\n", ...words] } });
  assert.equal(printed.outputs["stdout"], words.join("\n"));
});

sandboxTest("sandboxExec turns inputs into variables", async () => {
  const inputs = { "order-id": 7, text: "a b", list: [1, "x"], "2nd": true, nothing: null };
  const outputs = await script(
    'echo "$ORDER_ID|$TEXT|$LIST|$_2ND|${NOTHING-unset}|$MINE"',
    { env: { MINE: "m", TEXT: "c" } },
    inputs,
  );
  assert.equal(outputs["stdout"], '7|a b|[1,"x"]|true|unset|m');
});

sandboxTest("sandboxExec puts files there before the command starts, and leaves stdin to the command", async () => {
  const raw = Uint8Array.of(0, 255, 10, 0);
  const outputs = await script(
    "cat /tmp/a/b.txt; od -An -tx1 /tmp/raw; cat '/home/sandbox/with space'; cat",
    { files: { "/tmp/a/b.txt": "one\n", "/tmp/raw": "from the config" } },
    { files: { "/tmp/raw": raw }, "file:/home/sandbox/with space": "{}\n", stdin: "end" },
  );
  assert.equal(outputs["stdout"], "one\n 00 ff 0a 00\n{}\nend");
});

sandboxTest("sandboxExec puts files of every size there, byte by byte", async () => {
  const sizes = [0, 1, 65_535, 65_536, 65_537, 3_000_000];
  const files = Object.fromEntries(sizes.map((size) => [`/tmp/${size}`, new Uint8Array(size).fill(size % 251)]));
  const { outputs } = await runNode(sandboxExec, {
    config: { command: `cd /tmp; wc -c ${sizes.join(" ")}; sha256sum 65537; cat`, shell: true, memory_mb: 16 },
    inputs: { files, stdin: "rest" },
  });
  const lines = String(outputs["stdout"]).split("\n").map((line) => line.trim());
  const digest = await sha256(new Uint8Array(65_537).fill(65_537 % 251));
  assert.deepEqual(lines.slice(0, 6), sizes.map((size) => `${size} ${size}`));
  assert.deepEqual(lines.slice(7), [`${digest}  65537`, "rest"]);
});

sandboxTest("sandboxExec shows lines as they come", async () => {
  const { events } = await runNode(sandboxExec, {
    config: { command: "echo one; echo two >&2", shell: true, stream_output: true },
  });
  assert.deepEqual(linesOf(events, "StdoutLine"), ["one"]);
  assert.deepEqual(linesOf(events, "StderrLine"), ["two"]);
});

sandboxTest(
  "sandboxExec binds folders read-only, and writable ones only on demand",
  () =>
    withOpenFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/in.txt`, "shown");
      await Deno.mkdir(`${folder}/out`);
      await Deno.chmod(`${folder}/out`, 0o777);
      const binds = [`${folder}:/home/data`, `${folder}/out:/home/out:rw`];
      const outputs = await script("cat /home/data/in.txt; echo made >/home/out/made.txt; echo x >/home/data/x", {
        binds,
        fail_on_error: false,
      });
      assert.equal(outputs["stdout"], "shown");
      assert.match(String(outputs["stderr"]), /Read-only file system/);
      assert.equal(await Deno.readTextFile(`${folder}/out/made.txt`), "made\n");
    }),
);

sandboxTest("sandboxExec says what kept the sandbox from opening", async () => {
  const missing = await failure({ command: "true", binds: ["/no/such/folder:/tmp/x"] });
  assert.equal(missing.code, "invalid_config");
  assert.match(missing.message, /^Cannot open a sandbox: Can't find source path \/no\/such\/folder/);
  assert.equal(missing.hint, "Correct binds, or create the folder first.");
  const workdir = await failure({ command: "true", workdir: "/no/such" });
  assert.equal(workdir.code, "invalid_config");
  assert.match(workdir.hint ?? "", /^Correct workdir/);
  const file = await failure({ command: "true", files: { "/etc/x": "y" } });
  assert.match(file.message, /^Cannot write "\/etc\/x" in the sandbox: Read-only file system/);
  const relative = await failure({ command: "true" }, { "file:x": "y" });
  assert.equal(relative.code, "invalid_input");
});

sandboxTest("sandboxExec tells a missing program from one that fails", async () => {
  const missing = await failure({ command: "no-such-program" });
  assert.equal(missing.code, "program_not_found");
  assert.match(missing.message, /^Cannot run "no-such-program" in the sandbox: "no-such-program": No such file/);
  const failed = await failure({ command: "ls", args: ["/no/such"] });
  assert.equal(failed.code, "exit_code");
  assert.match(failed.message, /^Command "ls" exited with code 2: ls: cannot access '\/no\/such'/);
  const notExecutable = await failure({ command: "/etc/passwd" });
  assert.equal(notExecutable.code, "invalid_config");
});

sandboxTest("sandboxExec says that its filter is gone, and makes it anew", async () => {
  const cache = await Deno.makeTempDir();
  try {
    const platform = getPlatform();
    const own = createSandboxExec({
      ...platform,
      env: (name) => name === "FLOW_CACHE_DIR" ? cache : platform.env(name),
    });
    const run = () => runNode(own, { config: { command: "grep", args: ["Seccomp:", "/proc/self/status"] } });
    assert.equal((await run()).outputs["stdout"], "Seccomp:\t2");
    for await (const { name } of Deno.readDir(cache)) await Deno.remove(`${cache}/${name}`);
    await assert.rejects(run(), { code: "unavailable", retryable: true });
    assert.equal((await run()).outputs["stdout"], "Seccomp:\t2");
  } finally {
    await Deno.remove(cache, { recursive: true });
  }
});

Deno.test("sandboxExec says what to install where there is no bubblewrap", async () => {
  const platform = getPlatform();
  const poor = createSandboxExec({ ...platform, stat: (path) => platform.stat(`/no-such-root${path}`) });
  await assert.rejects(runNode(poor, { config: { command: "true" } }), (error) => {
    assert.ok(error instanceof FlowError);
    assert.equal(error.code, "program_not_found");
    assert.match(error.message, /^Cannot open a sandbox: "bwrap" is not installed$/);
    assert.match(error.hint ?? "", /^Install bubblewrap \(/);
    return true;
  });
});

sandboxTest("sandboxExec runs 20 at once", async () => {
  const all = await Promise.all(
    Array.from({ length: 20 }, (_, index) => script("echo $N; sleep 0.1", { env: { N: String(index) } })),
  );
  assert.deepEqual(all.map(({ output }) => output), all.map((_, index) => index));
});
