import assert from "node:assert/strict";
import { createEngine, type ExecutionEvent, FlowError, MemoryStore, parseWorkflow } from "../mod.ts";
import { zypiExec } from "../nodes/zypi_exec.ts";
import { zypiSessionClose, zypiSessionCreate } from "../nodes/zypi_session.ts";
import { nodeContract } from "./contracts/node_contract.ts";
import { runFlow, startFlow, withFiles } from "./support/cli.ts";
import { messagesOf, runNode } from "./support/node_harness.ts";
import { openZypiServer, whyNoBubblewrap, type ZypiServer } from "./support/zypi_server.ts";

const obstacle = whyNoBubblewrap();
if (obstacle !== undefined) console.log(`skipped: Zypi sessions, ${obstacle}`);
const ignore = obstacle !== undefined;
const modes = ["strict", "lenient"] as const;

function test(name: string, work: (server: ZypiServer) => Promise<void>): void {
  for (const mode of modes) {
    Deno.test({ name: `Zypi sessions (${mode} server): ${name}`, ignore }, async () => {
      const server = openZypiServer({ mode });
      try {
        await work(server);
      } finally {
        await server.close();
      }
    });
  }
}

async function create(server: ZypiServer): Promise<string> {
  const { outputs } = await runNode(zypiSessionCreate, { config: { url: server.url } });
  return String(outputs["session_id"]);
}

if (!ignore) {
  nodeContract({
    definition: zypiSessionCreate,
    open: () => {
      const server = openZypiServer({ mode: "strict" });
      let hold: Promise<void> | undefined;
      const slow = openZypiServer({
        mode: "strict",
        onRequest: () => hold ??= new Promise((end) => setTimeout(end, 200)),
      });
      return Promise.resolve({
        quick: { config: { url: server.url } },
        slow: { config: { url: slow.url } },
        async close() {
          assert.equal(slow.vms(), 0, "what was booted for nobody has been closed");
          await Promise.all([server.close(), slow.close()]);
        },
      });
    },
    refused: [{ vcpus: 0 }, { memory_mb: "256" }, { image: "" }, { url: 5 }],
  });
  nodeContract({
    definition: zypiSessionClose,
    open: async () => {
      const server = openZypiServer({ mode: "strict" });
      const session_id = await create(server);
      let hold: Promise<void> | undefined;
      const onRequest = () => hold ??= new Promise((end) => setTimeout(end, 200));
      const slow = openZypiServer({ mode: "strict", onRequest });
      return {
        quick: { config: { url: server.url }, inputs: { session_id } },
        slow: { config: { url: slow.url }, inputs: { session_id: "s" } },
        async close() {
          await Promise.all([server.close(), slow.close(), hold]);
        },
      };
    },
    refused: [{ url: 5 }],
  });
}

test("create, use and close", async (server) => {
  const created = await runNode(zypiSessionCreate, { config: { url: server.url, memory_mb: 512 } });
  const { session_id, container_id, ip, image, duration_ms } = created.outputs;
  assert.match(String(session_id), /^fabric_[0-9a-f]{16}$/);
  assert.match(String(container_id), /^sess_[0-9a-f]{12}$/);
  assert.match(`${ip} ${image}`, /^10\.0\.0\.\d+ ubuntu:24\.04$/);
  assert.ok(Number(duration_ms) >= 0);
  const exec = async (command: string[]) =>
    (await runNode(zypiExec, { config: { url: server.url, command }, inputs: created.outputs })).outputs["stdout"];
  await exec(["sh", "-c", "echo kept > /root/note; sleep 60 >/dev/null 2>&1 & echo $! > /tmp/pid"]);
  assert.equal(
    await exec(["sh", "-c", "cat /root/note; kill -0 $(cat /tmp/pid) && echo alive; echo $IMAGE"]),
    "kept\nalive\nubuntu:24.04",
  );

  const inputs = { session_id: String(session_id) };
  const closed = await runNode(zypiSessionClose, { config: { url: server.url }, inputs });
  assert.deepEqual([closed.outputs["session_id"], server.vms()], [session_id, 0]);
  const again = await runNode(zypiSessionClose, { config: { url: server.url }, inputs });
  assert.match(messagesOf(again.events, "Warning")[0] ?? "", /was closed already$/);
});

test("a server that is down, or knows no such image, is a clear error", async (server) => {
  const unknown = runNode(zypiSessionCreate, { config: { url: server.url, image: "nope" } });
  await assert.rejects(unknown, { code: "invalid_config", message: /^Cannot create a session of "nope": Zypi has no/ });
  for (const definition of [zypiSessionCreate, zypiSessionClose]) {
    const config = { url: "http://127.0.0.1:1" };
    const error = await runNode(definition, { config, inputs: { session_id: "s" } }).catch((thrown) => thrown);
    assert.ok(error instanceof FlowError && error.code === "unavailable" && error.retryable, String(error));
  }
});

/** A session and a command in it; no node closes it. */
function workflow(url: string, command: string[]) {
  // In a real VM nobody sees this mark from outside, so nobody could end a command by it.
  const env = { FLOW_ATTEMPT_ID: "" };
  return {
    nodes: [
      { id: "vm", node_type: "zypi.session_create", config: { url } },
      { id: "use", node_type: "zypi.exec", config: { url, command, env, stream_output: true } },
    ],
    connections: [{ from_node: "vm", from_port: "session_id", to_node: "use", to_port: "session_id" }],
  };
}

async function start(server: ZypiServer, command: string[], timeoutMs?: number) {
  const engine = createEngine({ store: new MemoryStore() });
  const parsed = await parseWorkflow(workflow(server.url, command), { registry: engine.registry });
  return { engine, run: await engine.start(parsed, { timeoutMs }) };
}

test("all are closed when the execution ends, also when it fails, is cancelled, or takes too long", async (server) => {
  const endings: [status: string, command: string[], timeoutMs?: number][] = [
    ["succeeded", ["true"]],
    ["failed", ["false"]],
    ["cancelled", ["sh", "-c", "echo on; sleep 60"]],
    ["failed", ["sleep", "60"], 700],
  ];
  for (const [status, command, timeoutMs] of endings) {
    const { engine, run } = await start(server, command, timeoutMs);
    for await (const event of run.events()) {
      if (event.type !== "NodeEvent") continue;
      assert.equal(server.vms(), 1);
      if (status === "cancelled") run.cancel();
    }
    assert.equal((await run.result).status, status);
    assert.equal(server.vms(), 0, `${status} ${command}`);
    await engine.close();
  }
});

test("a server that is gone when the execution ends costs a warning", async (server) => {
  const { engine, run } = await start(server, ["echo", "on"]);
  const warnings: string[] = [];
  let closing: Promise<void> | undefined;
  for await (const { type, ...event } of run.events()) {
    if (type !== "NodeEvent" || !("event" in event)) continue;
    closing ??= server.close();
    if (event.event.event_type === "Warning") warnings.push(event.event.message);
  }
  await closing;
  assert.match(warnings.at(-1) ?? "", /^Could not close what this node had opened: Cannot reach Zypi/);
  await run.result;
  await engine.close();
});

/** The first time it never ends; the second time it tells how many of the first are left. */
const TWICE = `
  n=$(ls -d /tmp/run-* 2>/dev/null | wc -l)
  touch /tmp/run-$n
  echo run $n
  [ $n -gt 0 ] || sleep 61
  ps ax -o args | grep -cx 'sleep 61'
  true
`;

/** Kills `flow run` as soon as a line of output has come; answers the id of the execution. */
async function runAndKill(path: string, db: string): Promise<string> {
  const victim = startFlow(["run", path, "--json", "--db", db]);
  let told = "";
  for await (const chunk of victim.stdout.pipeThrough(new TextDecoderStream())) {
    told += chunk;
    if (told.includes("StdoutLine")) victim.kill("SIGKILL");
  }
  await Promise.all([victim.status, victim.stderr.cancel()]);
  return JSON.parse(told.split("\n")[0] ?? "").execution_id;
}

test("after kill -9, flow resume goes on in the same session, ends what runs there, and closes it", async (server) => {
  await withFiles({ "workflow.json": workflow(server.url, ["sh", "-c", TWICE]) }, async (path) => {
    const db = path("flow.db");
    const execution_id = await runAndKill(path("workflow.json"), db);
    assert.deepEqual([server.vms(), server.sessions()], [1, 1]);
    const { code, stdout, stderr } = await runFlow(["resume", execution_id, "--json", "--db", db]);
    assert.equal(code, 0, stderr);
    const events = stdout.trim().split("\n").map((line): ExecutionEvent => JSON.parse(line));
    const starts = events.flatMap((event) => event.type === "NodeStarted" ? [`${event.node_id} ${event.attempt}`] : []);
    assert.deepEqual(starts, ["use 2"]);
    const completed = events.find((event) => event.type === "NodeCompleted");
    assert.equal(completed?.type === "NodeCompleted" && completed.outputs["stdout"], "run 1\n0");
    assert.equal(server.vms(), 0);
  });
});

test("after kill -9, flow resume closes the session that a command had for itself, and runs it in a new one", async (server) => {
  const [, use] = workflow(server.url, ["sh", "-c", "[ -e /tmp/here ] || echo new; touch /tmp/here; sleep 1"]).nodes;
  const alone = { nodes: [{ ...use, config: { ...use?.config, own_session: true } }] };
  await withFiles({ "workflow.json": alone }, async (path) => {
    const execution_id = await runAndKill(path("workflow.json"), path("flow.db"));
    assert.equal(server.vms(), 1);
    const { code, stdout, stderr } = await runFlow(["resume", execution_id, "--db", path("flow.db")]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /"stdout": "new"/);
    assert.equal(server.vms(), 0);
  });
});

test("flow rerun --from a command runs it in a new session", async (server) => {
  const command = ["sh", "-c", "[ -e /tmp/here ] && echo old || echo new; touch /tmp/here"];
  await withFiles({ "workflow.json": workflow(server.url, command) }, async (path) => {
    const flow = (...args: string[]) => runFlow([...args, "--json", "--db", path("flow.db")]);
    const first = await flow("run", path("workflow.json"));
    const { execution_id } = JSON.parse(first.stdout.split("\n")[0] ?? "");
    const { code, stdout, stderr } = await flow("rerun", execution_id, "--from", "use");
    assert.equal(code, 0, stderr);
    assert.match(stdout, /"stdout":"new"/);
    assert.equal(server.vms(), 0);
  });
});
