import assert from "node:assert/strict";
import { FlowError } from "../engine/errors.ts";
import type { Values } from "../engine/value.ts";
import { zypiExec } from "../nodes/zypi_exec.ts";
import { nodeContract } from "./contracts/node_contract.ts";
import { linesOf, messagesOf, type NodeRun, runNode } from "./support/node_harness.ts";
import { openZypiServer, whyNoBubblewrap, type ZypiServer, type ZypiServerOptions } from "./support/zypi_server.ts";

const obstacle = whyNoBubblewrap();
if (obstacle !== undefined) console.log(`skipped: zypi.exec, ${obstacle}`);
const ignore = obstacle !== undefined;

interface Bench {
  server: ZypiServer;
  exec(config: Record<string, unknown>, inputs?: Values): Promise<NodeRun>;
  /** How a run fails. */
  failure(config: Record<string, unknown>, inputs?: Values): Promise<FlowError>;
}

/** The same test against the server as it is, and as it is meant to be. */
function test(name: string, work: (bench: Bench) => Promise<void>, options: Partial<ZypiServerOptions> = {}): void {
  for (const mode of options.mode === undefined ? ["strict", "lenient"] as const : [options.mode]) {
    Deno.test({ name: `zypi.exec (${mode} server) ${name}`, ignore }, async () => {
      const server = openZypiServer({ ...options, mode });
      const exec: Bench["exec"] = (config, inputs = {}) =>
        runNode(zypiExec, { config: { url: server.url, ...config }, inputs });
      const failure: Bench["failure"] = async (config, inputs) => {
        const error = await exec(config, inputs).then(({ outputs }) => outputs, (thrown: unknown) => thrown);
        assert.ok(error instanceof FlowError, JSON.stringify(error));
        return error;
      };
      try {
        await work({ server, exec, failure });
      } finally {
        await server.close();
      }
      assert.equal(server.vms(), 0);
    });
  }
}

async function openSession(server: ZypiServer): Promise<string> {
  const response = await fetch(`${server.url}/sessions`, {
    method: "POST",
    body: "{}",
    headers: { "content-type": "application/json" },
  });
  return (await response.json()).session_id;
}

/**
 * Where a command may run: a VM of its own, a session of its own, a session that is there. The last is opened last,
 * because the real server forgets all sessions when one is closed.
 */
async function* places(server: ZypiServer): AsyncGenerator<[name: string, config: Record<string, unknown>]> {
  yield ["one shot", {}];
  yield ["own session", { own_session: true }];
  yield ["session", { session_id: await openSession(server) }];
}

if (!ignore) {
  nodeContract({
    definition: zypiExec,
    open: () => {
      const server = openZypiServer({ mode: "strict" });
      const config = (command: string[]) => ({ config: { url: server.url, command } });
      return Promise.resolve({
        quick: config(["echo", "hi"]),
        slow: { config: { ...config(["sleep", "20"]).config, own_session: true } },
        close: () => server.close(),
      });
    },
    refused: [
      { command: [] },
      { command: " " },
      { command: "echo 'a" },
      { command: 5 },
      { timeout: 0 },
      { timeout: "5" },
      { env: { A: 1 } },
      { workdir: "tmp" },
      { memory_mb: 0.5 },
      { vcpus: 0 },
      { url: "" },
    ],
  });
}

test("runs a command and puts out what it wrote, wherever it runs", async ({ server, exec }) => {
  for await (const [place, config] of places(server)) {
    const script = "echo '[1, 2]'; echo oops >&2; pwd >&2; exit 3";
    const { outputs } = await exec({ ...config, command: ["sh", "-c", script], workdir: "/tmp", fail_on_error: false });
    const { duration_ms, session_id, ...rest } = outputs;
    assert.deepEqual(
      rest,
      { stdout: "[1, 2]", stderr: "oops\n/tmp", output: [1, 2], exit_code: 3, success: false },
      place,
    );
    assert.ok(Number(duration_ms) >= 0);
    assert.equal(session_id, config["session_id"], place);
  }
});

test("splits a command by shell rules, and runs programs that the server refuses by name", async ({ server, exec }) => {
  for await (const [place, config] of places(server)) {
    const { outputs } = await exec({ ...config, command: `uname -s` });
    assert.equal(outputs["stdout"], "Linux", place);
    const quoted = await exec({ ...config, command: `printf '%s|' "a b" 'it''s' $HOME "\\$x" *` });
    assert.equal(quoted.outputs["stdout"], "a b|its|$HOME|$x|*|", place);
  }
});

test("passes env, other inputs and the attempt as variables", async ({ server, exec }) => {
  for await (const [place, config] of places(server)) {
    const inputs = { "order-id": 7, express: true, note: "it's <b>", list: [1] };
    const script = 'echo "$A $ORDER_ID $EXPRESS $NOTE $LIST $FLOW_NODE_ID"';
    const { outputs } = await exec({ ...config, command: ["sh", "-c", script], env: { A: "x y" } }, inputs);
    assert.equal(outputs["stdout"], "x y 7 true it's <b> [1] node-1", place);
  }
});

test("puts files anywhere, text and bytes, and feeds stdin", async ({ server, exec }) => {
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
  for await (const [place, config] of places(server)) {
    const { outputs } = await exec({
      ...config,
      command: [
        "sh",
        "-c",
        "cat /tmp/a/b.txt /app/conf.json; pwd; wc -c < bytes; cat; ls /tmp/.flow* 2>/dev/null | wc -l",
      ],
      files: { "/tmp/a/b.txt": "old" },
      workdir: "/app",
    }, {
      files: { "/tmp/a/b.txt": "héllo\n" },
      "file:/app/conf.json": { a: 1 },
      "file:/app/bytes": bytes,
      stdin: "in\n",
    });
    assert.match(String(outputs["stdout"]), /^héllo\n\{"a":1\}\/app\n256\nin\n\d$/, place);
    const sum = await exec({ ...config, command: ["md5sum"] }, { stdin: bytes });
    assert.equal(sum.outputs["stdout"], "e2c865db4162bed963bfaa9ef6ac18f0  -", place);
    const empty = await exec({ ...config, command: ["wc", "-c"] }, { stdin: "" });
    assert.equal(empty.outputs["stdout"], "0", place);
  }
});

test("sends a file of any size to a session, in pieces", async ({ server, exec }) => {
  const session_id = await openSession(server);
  const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7919) >> 3);
  const local = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const files = { "/tmp/big": bytes, "/tmp/empty": "", "/tmp/small": "s" };
  const command = ["sh", "-c", "sha256sum < /tmp/big; wc -c < /tmp/empty; cat /tmp/small; ls -A /tmp"];
  const { outputs } = await exec({ command, session_id, files });
  const lines = String(outputs["stdout"]).split("\n");
  assert.deepEqual(lines.slice(0, 3), [`${local.toHex()}  -`, "0", `s.flow-${lines[2]?.slice(7)}`]);
  const rest = await exec({ command: ["ls", "-A", "/tmp"], session_id });
  assert.doesNotMatch(String(rest.outputs["stdout"]).replace(/^\.flow-.*\n?/, ""), /flow/);
});

test("reads output of any size from a session, to the byte", async ({ server, exec }) => {
  const session_id = await openSession(server);
  const script = "seq 1 4000; printf '\\377\\0<&>' >&2; seq 1 300 >&2";
  const { outputs, events } = await exec({ command: ["bash", "-c", script], session_id, stream_output: true });
  const numbers = (count: number) => Array.from({ length: count }, (_, i) => i + 1).join("\n");
  assert.equal(outputs["stdout"], numbers(4000));
  assert.equal(outputs["stderr"], `\uFFFD\0<&>${numbers(300)}`);
  assert.equal(linesOf(events, "StdoutLine").join("\n"), numbers(4000));
  const cut = await exec({ command: ["seq", "1", "4000"], session_id, max_output_bytes: 1024, stream_output: true });
  assert.match(
    String(cut.outputs["stdout"]),
    /^1\n2\n[^]*\n\[\.\.\. 17869 bytes truncated \.\.\.\]\n[^]*\n3999\n4000$/,
  );
  assert.equal(linesOf(cut.events, "StdoutLine").at(-1), "283");
  assert.match(messagesOf(cut.events, "Warning")[0] ?? "", /more than 1024 bytes: further lines are not shown/);
});

test("reads much output of a session compressed, and cuts out the middle of too much", async ({ server, exec }) => {
  const session_id = await openSession(server);
  const expected = Array.from({ length: 15_000 }, (_, i) => i + 1).join("\n");
  const { outputs } = await exec({ command: ["seq", "1", "15000"], session_id });
  assert.ok(outputs["stdout"] === expected, "all 88,893 bytes");
  const cut = await exec({ command: ["sh", "-c", "seq 1 15000 >&2"], session_id, max_output_bytes: 50_000 });
  const [head = "", lost, tail = ""] = String(cut.outputs["stderr"]).split(
    /\n\[\.\.\. (\d+) bytes truncated \.\.\.\]\n/,
  );
  assert.ok(expected.startsWith(head) && expected.endsWith(tail));
  assert.deepEqual([head.length, tail.length, Number(lost)], [25_000, 24_999, expected.length + 1 - 50_000]);
});

test("streams the lines of a session while the command runs", async ({ server, exec }) => {
  const session_id = await openSession(server);
  const seen: string[] = [];
  let touching: Promise<unknown> = Promise.resolve();
  const script = "echo first; until [ -e /tmp/go ]; do sleep 0.02; done; echo second";
  await runNode(zypiExec, {
    config: { url: server.url, session_id, command: ["sh", "-c", script], stream_output: true },
    onEvent: (event) => {
      if (!("line" in event)) return;
      seen.push(event.line);
      // Only while the first command still runs can this let it go on.
      if (event.line === "first") touching = exec({ session_id, command: "touch /tmp/go" });
    },
  });
  await touching;
  assert.deepEqual(seen, ["first", "second"]);
});

test("fails with the exit code and the last words of the command", async ({ server, failure }) => {
  for await (const [place, config] of places(server)) {
    const error = await failure({ ...config, command: ["sh", "-c", "echo no luck >&2; exit 9"] });
    assert.deepEqual([error.code, error.details?.["exit_code"]], ["exit_code", 9], place);
    assert.match(error.message, /^Command "sh -c echo no luck >&2; exit 9" exited with code 9: no luck$/);
    const missing = await failure({ ...config, command: ["frobnicate"] });
    assert.deepEqual([missing.code, missing.details?.["exit_code"]], ["exit_code", 127], place);
    assert.match(missing.hint ?? "", /Install the program/);
  }
  assert.match((await failure({ command: ["sh", "-c", "kill -9 $$"] })).message, /was killed by an unknown signal$/);
});

test("names what is wrong with the image, the folder and the session", async ({ failure }) => {
  const image = await failure({ command: "ls", image: "nope:1" });
  assert.deepEqual([image.code, image.retryable], ["invalid_config", false]);
  assert.match(image.message, /^Cannot run "ls": Zypi has no image "nope:1"$/);
  assert.equal((await failure({ command: "ls", image: "nope:1", own_session: true })).code, "invalid_config");
  const folder = await failure({ command: "ls", workdir: "/nope" });
  assert.deepEqual([folder.code, folder.retryable], ["invalid_config", false]);
  assert.match(folder.message, /chdir \/nope: no such file or directory$/);
  const session = await failure({ command: "ls", session_id: "fabric_gone" });
  assert.deepEqual([session.code, session.retryable], ["not_found", false]);
  assert.match(session.message, /session "fabric_gone" is gone/);
});

test("stops waiting when its time is up, and in a session ends the command with all that it started", async (bench) => {
  const { server, exec, failure } = bench;
  const oneShot = await failure({ command: ["sleep", "30"], timeout: 1 });
  assert.deepEqual([oneShot.code, oneShot.retryable], ["timeout", true]);
  assert.match(oneShot.message, /^Cannot run "sleep 30": it did not end within 1 s$/);
  const session_id = await openSession(server);
  const late = await failure({ command: ["sh", "-c", "sleep 31 & sleep 32"], timeout: 0.5, session_id });
  assert.equal(late.code, "timeout");
  const { outputs } = await exec({
    command: ["sh", "-c", "ps ax | grep 'sleep 3[12]' | wc -l; ls -A /tmp | wc -l"],
    session_id,
  });
  assert.equal(outputs["stdout"], "0\n1", "only the folder of this very command is there");
});

test("ends a command in a session when it is cancelled", async ({ server, exec }) => {
  const session_id = await openSession(server);
  const controller = new AbortController();
  const reason = new FlowError("cancelled", "Enough");
  const config = { url: server.url, session_id, command: ["sh", "-c", "echo on; sleep 33"], stream_output: true };
  const onEvent = () => controller.abort(reason);
  await assert.rejects(runNode(zypiExec, { config, signal: controller.signal, onEvent }), reason);
  const { outputs } = await exec({ command: ["sh", "-c", "ps ax | grep 'sleep 3[3]' | wc -l"], session_id });
  assert.equal(outputs["stdout"], "0");
});

test("runs 20 commands at the same time, also in one session", async ({ server, exec }) => {
  const session_id = await openSession(server);
  for (const place of [{}, { session_id }]) {
    const runs = Array.from(
      { length: 20 },
      (_, i) => exec({ ...place, command: ["sh", "-c", "cat; pwd"] }, { stdin: `${i}\n` }),
    );
    const outputs = (await Promise.all(runs)).map(({ outputs }) => outputs["stdout"]);
    assert.deepEqual(outputs, Array.from({ length: 20 }, (_, i) => `${i}\n/`));
  }
});

test("says what to do when the output is too long for the server's answer", async ({ exec, failure }) => {
  const error = await failure({ command: ["seq", "1", "2000"] });
  assert.deepEqual([error.code, error.retryable], ["output_too_large", false]);
  assert.match(error.message, /longer than the server's answer line of 1,460 bytes$/);
  assert.match(error.hint ?? "", /own_session/);
  const { outputs } = await exec({ command: ["seq", "1", "2000"], own_session: true });
  assert.match(String(outputs["stdout"]), /\n2000$/);
}, { mode: "strict" });

test("has no such limit where the server has none", async ({ exec }) => {
  const { outputs } = await exec({ command: ["seq", "1", "200000"] });
  assert.match(String(outputs["stdout"]), /\n200000$/);
}, { mode: "lenient" });

test("waits for a VM to become free", async ({ exec, server }) => {
  const session_id = await openSession(server);
  const waiting = exec({ command: ["echo", "at last"] });
  setTimeout(
    () => void fetch(`${server.url}/sessions/${session_id}`, { method: "DELETE" }).then((r) => r.body?.cancel()),
    50,
  );
  assert.equal((await waiting).outputs["stdout"], "at last");
}, { maxVms: 1 });

Deno.test("zypi.exec warns of expressions in command lines and scripts, not of those in arguments", () => {
  const script = ["sh", "-c", "echo ${{ inputs.x }}", "${{ inputs.y }}"];
  const paths = (command: string | string[], ...path: (string | number)[]) =>
    zypiExec.warn({ command }, [path]).map((warning) => warning.path);
  assert.deepEqual(paths("echo ${{ inputs.x }}", "command"), [["command"]]);
  assert.deepEqual(paths(script, "command", 2), [["command", 2]]);
  assert.deepEqual(paths(script, "command", 3), []);
  assert.deepEqual(paths(["echo", "${{ inputs.x }}"], "command", 1), []);
});

Deno.test("zypi.exec refuses a variable that no system would take, and says what to connect instead", async () => {
  const config = { url: "http://127.0.0.1:1", command: "ls" };
  const running = runNode(zypiExec, { config, inputs: { text: "x".repeat(200_000) } });
  await assert.rejects(running, { code: "invalid_input", hint: /stdin/ });
});
