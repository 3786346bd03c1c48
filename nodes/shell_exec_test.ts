import assert from "node:assert/strict";
import { FlowError } from "../engine/errors.ts";
import { getPlatform } from "../platform/mod.ts";
import { nodeContract } from "../tests/contracts/node_contract.ts";
import { linesOf, runNode } from "../tests/support/node_harness.ts";
import { createShellExec } from "./shell_exec.ts";

const shellExec = createShellExec(getPlatform(), { graceMs: 100 });

nodeContract({
  definition: shellExec,
  quick: { config: { command: "echo", args: ["hi"] } },
  slow: { config: { command: "sleep", args: ["3600"] } },
  refused: [
    { command: "" },
    { command: 1 },
    { command: null },
    { args: [1] },
    { args: "'open" },
    { env: { PORT: 8080 } },
    { env: { "A=B": "c" } },
    { timeout: 0 },
    { timeout: "5" },
    { shell: "yes" },
    { capture_stdout: 1 },
    { max_output_bytes: 10 },
  ],
});

async function script(command: string, more: Record<string, unknown> = {}) {
  return (await runNode(shellExec, { config: { command, shell: true, ...more } })).outputs;
}

/** The error that running this config ends with. */
async function failure(config: Record<string, unknown>): Promise<FlowError> {
  const error = await runNode(shellExec, { config }).then(() => undefined, (thrown: unknown) => thrown);
  assert.ok(error instanceof FlowError, "it fails with an error of ours");
  return error;
}

Deno.test("shellExec answers both outputs, the exit code and success", async () => {
  assert.deepEqual(await script("echo out; echo err >&2"), {
    stdout: "out",
    output: "out",
    stderr: "err",
    exit_code: 0,
    success: true,
  });
});

Deno.test("shellExec parses stdout that is JSON, and only that", async () => {
  const cases: [string, unknown][] = [
    ['{"a": [1]}\n', { a: [1] }],
    ["null", null],
    ["42\n", 42],
    ["true", true],
    ["{broken", "{broken"],
    ["", ""],
    ["12345678901234567890", "12345678901234567890"],
    ["[".repeat(300) + "]".repeat(300), "[".repeat(300) + "]".repeat(300)],
    ['{"huge": [1e999]}', '{"huge": [1e999]}'],
  ];
  for (const [text, expected] of cases) {
    const { outputs } = await runNode(shellExec, { config: { command: "cat" }, inputs: { stdin: text } });
    assert.deepEqual(outputs["output"], expected);
    assert.equal(outputs["stdout"], text.trimEnd());
  }
});

Deno.test("shellExec gives args to the program as they are", async () => {
  const list = await runNode(shellExec, { config: { command: "printf", args: ["%s|", "a b", "$HOME", "*"] } });
  assert.equal(list.outputs["stdout"], "a b|$HOME|*|");
  const line = await runNode(shellExec, { config: { command: "printf", args: `'%s|' "a b" $HOME` } });
  assert.equal(line.outputs["stdout"], "a b|$HOME|");
});

Deno.test("shellExec appends args to a shell command, quoted, and offers them as $1, $2", async () => {
  assert.equal((await script("echo", { args: ["a  b", "$(id)"] }))["stdout"], "a  b $(id)");
  assert.equal((await script('echo "2=$2"; true', { args: ["x", "y z"] }))["stdout"], "2=y z");
});

Deno.test("shellExec runs in workdir", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const real = await Deno.realPath(folder);
    assert.equal((await script("pwd -P", { workdir: folder }))["stdout"], real);
  } finally {
    await Deno.remove(folder);
  }
});

Deno.test("shellExec strips newlines at the end as $() does, unless it is told not to", async () => {
  const text = "a\\n\\nb\\r\\n\\n";
  assert.equal((await script(`printf '${text}'`))["stdout"], "a\n\nb");
  assert.equal((await script(`printf '${text}'`, { strip_trailing_newline: false }))["stdout"], "a\n\nb\r\n\n");
});

Deno.test("shellExec has no port for what it does not capture", async () => {
  const outputs = await script("echo out; echo err >&2", { capture_stdout: false, capture_stderr: false });
  assert.deepEqual(outputs, { exit_code: 0, success: true });
});

Deno.test("shellExec emits lines of both streams when it streams, also if nothing is captured", async () => {
  const config = { command: "echo a; printf b; echo c >&2", shell: true };
  const quiet = await runNode(shellExec, { config });
  assert.deepEqual(quiet.events, []);
  const runs = [
    await runNode(shellExec, { config: { ...config, stream_output: true, capture_stdout: false } }),
    await runNode(shellExec, { config, verbose: true }),
  ];
  for (const { events } of runs) {
    assert.deepEqual(linesOf(events, "StdoutLine"), ["a", "b"]);
    assert.deepEqual(linesOf(events, "StderrLine"), ["c"]);
  }
  const silenced = await runNode(shellExec, { config: { ...config, stream_output: false }, verbose: true });
  assert.deepEqual(silenced.events, []);
});

Deno.test("shellExec emits a line while the command still runs", async () => {
  const fifo = await Deno.makeTempFile();
  try {
    // The command goes on only when its first line has been seen.
    const command = `echo ready; until [ -s ${fifo} ]; do sleep 0.01; done; echo done`;
    const { events } = await runNode(shellExec, {
      config: { command, shell: true, stream_output: true },
      onEvent: () => Deno.writeTextFileSync(fifo, "go"),
    });
    assert.deepEqual(linesOf(events, "StdoutLine"), ["ready", "done"]);
  } finally {
    await Deno.remove(fifo);
  }
});

Deno.test("shellExec fails with the exit code and the last lines of stderr", async () => {
  const error = await failure({ command: "seq 9 >&2; echo 'no space left' >&2; exit 3", shell: true });
  assert.equal(error.code, "exit_code");
  assert.equal(error.retryable, true);
  assert.match(error.message, /exited with code 3: no space left$/);
  assert.deepEqual(error.details, { exit_code: 3, stderr_tail: "6\n7\n8\n9\nno space left" });
});

Deno.test("shellExec fails with the name of the signal that ended the command", async () => {
  const error = await failure({ command: "kill -KILL $$", shell: true });
  assert.equal(error.code, "killed_by_signal");
  assert.equal(error.retryable, true);
  assert.match(error.message, /was killed by SIGKILL$/);
  assert.deepEqual(error.details, { exit_code: 137, signal: "SIGKILL" });
});

Deno.test("shellExec answers a failure instead of failing if fail_on_error is false", async () => {
  const exited = await script("echo out; exit 3", { fail_on_error: false });
  assert.deepEqual([exited["exit_code"], exited["success"], exited["stdout"]], [3, false, "out"]);
  const killed = await script("kill -TERM $$", { fail_on_error: false });
  assert.deepEqual([killed["exit_code"], killed["success"]], [143, false]);
});

Deno.test("shellExec names the file to make executable by its plain path", async () => {
  const { hint } = await failure({ command: "./././deno.json" });
  assert.equal(hint, `Make it executable: chmod +x ${Deno.cwd()}/deno.json`);
});

Deno.test("shellExec tells a missing program, a plain file and a missing folder apart, and none is worth a retry", async () => {
  const cases: [Record<string, unknown>, string, RegExp][] = [
    [{ command: "no-such-program" }, "program_not_found", /"no-such-program": no folder of PATH has it$/],
    [{ command: "./no-such-program" }, "program_not_found", /there is no such file$/],
    [{ command: "echo hi" }, "program_not_found", /"echo hi"/],
    [{ command: "/etc/passwd" }, "invalid_config", /it is not executable$/],
    [{ command: "/etc" }, "invalid_config", /it is a folder$/],
    [{ command: "true", workdir: "/no/such/folder" }, "invalid_config", /"\/no\/such\/folder" is not there$/],
    [{ command: "echo", args: ["a\0b"] }, "invalid_config", /NUL/],
    [{ command: "echo", args: ["x".repeat(3_000_000)] }, "invalid_config", /too long$/],
  ];
  for (const [config, code, message] of cases) {
    const error = await failure(config);
    assert.equal(error.code, code);
    assert.match(error.message, message);
    assert.equal(error.retryable, false);
    assert.ok(error.hint);
  }
});

Deno.test("shellExec gives the command only what it needs of our environment", async () => {
  const platform = getPlatform();
  const own = {
    ...platform.envAll(),
    LC_TIME: "C",
    AWS_PROFILE: "dev",
    AWS_KEY: "k",
    FLOW_TOKEN: "t",
    FLOW_SECRET_A: "s",
  };
  const node = createShellExec({ ...platform, envAll: () => own });
  const variables = async (more: Record<string, unknown>) => {
    const { outputs } = await runNode(node, { config: { command: "env", ...more }, attempt: 2 });
    return Object.fromEntries(String(outputs["stdout"]).split("\n").map((line) => line.split("=")));
  };
  const plain = await variables({});
  assert.deepEqual([plain["LC_TIME"], plain["FLOW_NODE_ID"], plain["FLOW_ATTEMPT"]], ["C", "node-1", "2"]);
  assert.equal(plain["FLOW_EXECUTION_ID"], "execution-1");
  assert.match(plain["FLOW_ATTEMPT_ID"], /^[0-9a-f-]{36}$/);
  assert.ok(!("AWS_PROFILE" in plain) && !("FLOW_TOKEN" in plain));

  const some = await variables({ env_passthrough: ["AWS_*"], env: { AWS_KEY: "mine", X: "" } });
  assert.deepEqual([some["AWS_PROFILE"], some["AWS_KEY"], some["X"]], ["dev", "mine", ""]);
  const all = await variables({ env_passthrough: ["*", "FLOW_TOKEN"] });
  assert.deepEqual([all["AWS_KEY"], all["FLOW_TOKEN"], all["FLOW_SECRET_A"]], ["k", "t", undefined]);
});
