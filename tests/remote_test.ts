import assert from "node:assert/strict";
import type { ExecutionSummary } from "../mod.ts";
import { type CliOptions, type CliResult, runFlow, shellWorkflow } from "./support/cli.ts";
import { openCuttingProxy } from "./support/cutting_proxy.ts";
import { type RestartableServe, withRestartableServe } from "./support/restartable_serve.ts";

const FILES = {
  "good.json": shellWorkflow({ a: "echo one", b: "cat; echo; echo three", c: "echo four >&2" }, ["a > b", "b > c"]),
  "bad.json": shellWorkflow({ a: "echo before; exit 7", b: "echo never" }, ["a > b"]),
  "broken.json": { nodes: [{ id: "a", node_type: "shell.exce" }] },
  "slow.json": shellWorkflow({ a: "echo $$; exec sleep 60" }),
  "many.json": shellWorkflow({ a: "i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo line $i; done" }),
  "steps.json": shellWorkflow({ a: "for i in 1 2 3 4 5 6 7 8; do echo step $i; sleep 0.2; done" }),
  "unnamed.json": { nodes: [{ id: "a", node_type: "debug.log" }] },
  "inputs.json": { message: "hello" },
  "code.ts": `export const workflow = { id: "code", nodes: [{ id: "a", node_type: "debug.log" }] };\n`,
  "own.ts": `
    import { defineNode, z } from "flowengine";
    export const nodes = [defineNode({
      type: "own.shout", version: 1, summary: "Shout", category: "own",
      config: { text: z.string() }, inputs: {}, outputs: { loud: z.string() },
      run: ({ config }) => ({ loud: config.text.toUpperCase() }),
    })];`,
  "own.json": { nodes: [{ id: "a", node_type: "own.shout", config: { text: "hi" } }] },
};

/** Runs `flow` in the folder of the server, once here and once there. */
async function both(server: RestartableServe, args: readonly string[], options: CliOptions = {}): Promise<CliResult[]> {
  const here = await runFlow([...args, "--no-store"], { cwd: server.path(""), ...options });
  const there = await runFlow([...args, "--server", server.url], { cwd: server.path(""), ...options });
  return [here, there];
}

/** What differs from one execution to the next. */
function plain(text: string): string {
  return text
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g, "<id>")
    .replace(/\d\d:\d\d:\d\d\.\d{3}/g, "<time>")
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "<time>")
    .replace(/\b[\d.]+ ?m?s\b/g, "<duration>")
    .replace(/"duration_ms":[\d.]+/g, '"duration_ms":<duration>')
    .replace(/a \| \d+\n/, "a | <pid>\n")
    // A process that ends at once may not be told of, which moves those behind.
    .replace(/^.*"type":"NodeProcess".*\n/gm, "")
    .replace(/"seq":\d+/g, '"seq":<n>');
}

Deno.test("flow run --server prints and answers what flow run does here", async () => {
  await withRestartableServe({ files: FILES }, async (server) => {
    for (
      const args of [
        ["run", "good.json"],
        ["run", "good.json", "--json"],
        ["run", "good.json", "--quiet"],
        ["run", "bad.json"],
        ["run", "bad.json", "--json"],
        ["run", "broken.json"],
        ["run", "nothing.json"],
        ["run", "unnamed.json", "--input", "@inputs.json"],
        ["run", "unnamed.json", "--set", "message=hi", "--set", "odd=1"],
        ["run", "code.ts"],
        ["run", "slow.json", "--timeout", "300ms"],
        ["run", "slow.json", "--dry-run"],
      ]
    ) {
      const [here, there] = await both(server, args);
      const [expected, actual] = [here, there].map((it) => it && { ...it, stdout: plain(it.stdout) });
      assert.deepEqual({ ...actual, stderr: plain(there?.stderr ?? "") }, {
        ...expected,
        stderr: plain(here?.stderr ?? ""),
      }, args.join(" "));
    }
    const input = await runFlow(["run", "-", "--server", server.url], { stdin: JSON.stringify(FILES["unnamed.json"]) });
    assert.equal(input.code, 0, input.stderr);
  });
});

Deno.test("flow run --server: Ctrl-C cancels on the server", async () => {
  await withRestartableServe({ files: FILES }, async (server) => {
    let isSent = false;
    const { code, stderr } = await runFlow(["run", "slow.json", "--server", server.url], {
      cwd: server.path(""),
      onStderr(text, process) {
        if (isSent || !/a \| \d+/.test(text)) return;
        isSent = true;
        process.kill("SIGINT");
      },
    });
    assert.equal(code, 130, stderr);
    assert.match(stderr, /Cancelling…/);
    assert.match(stderr, /cancelled/);
    const [newest] = await list(server);
    assert.equal(newest?.status, "cancelled");
  });
});

Deno.test("flow run --server loses no line when connections break", async () => {
  await withRestartableServe({ files: FILES }, async (server) => {
    let next = 20_000;
    const proxy = openCuttingProxy(server.port, (it) => {
      // The last event is too long to get through between two cuts.
      if (it.bytes < next || it.count > 10) return;
      next += 40_000;
      it.cut();
    });
    const { code, stdout, stderr } = await runFlow(["run", "many.json", "--json", "--server", proxy.url], {
      cwd: server.path(""),
    });
    assert.equal(code, 0, stderr);
    const lines = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
    assert.deepEqual(lines.map(({ seq }) => seq), lines.map((_, i) => i + 1));
    const said = lines.flatMap(({ event }) => event?.event_type === "StdoutLine" ? [event.line] : []);
    assert.deepEqual(said, Array.from({ length: 3000 }, (_, i) => `line ${i + 1}`));
    assert.ok(proxy.count > 5, `${proxy.count} connections`);
    await proxy.close();
  });
});

Deno.test("flow run --server goes on when the server is killed and comes back", async () => {
  await withRestartableServe({ files: FILES }, async (server) => {
    let crashed: Promise<void> | undefined;
    const { code, stdout, stderr } = await runFlow(["run", "steps.json", "--json", "--server", server.url], {
      cwd: server.path(""),
      onStdout(text) {
        if (crashed === undefined && text.includes("step 3")) crashed = server.crash().then(() => server.restart());
      },
    });
    await crashed;
    assert.ok(crashed !== undefined, "it was killed");
    assert.equal(code, 0, stderr);
    const lines = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
    assert.deepEqual(lines.map(({ seq }) => seq), lines.map((_, i) => i + 1));
    assert.ok(lines.some(({ type }) => type === "WorkflowResumed"));
    assert.equal(lines.at(-1).status, "succeeded");
    assert.ok(stdout.includes('"step 8"'));
  });
});

Deno.test("flow executions, explain, rerun and resume work on a server", async () => {
  await withRestartableServe({ files: FILES, env: { FLOW_TOKEN: "secret-token-of-16" } }, async (server) => {
    const env = { FLOW_SERVER: server.url, FLOW_TOKEN: "secret-token-of-16" };
    const flow = (...args: string[]) => runFlow(args, { cwd: server.path(""), env });
    const local = (...args: string[]) => runFlow([...args, "--db", server.path("flow.db")], { cwd: server.path("") });
    assert.equal((await flow("run", "bad.json")).code, 3);
    for (
      const args of [
        ["executions", "list", "--json"],
        ["executions", "list", "--status", "failed"],
        ["executions", "show", "last"],
        ["executions", "show", "last", "--json"],
        ["executions", "logs", "last"],
        ["executions", "logs", "last", "--node", "a", "--stdout"],
        ["executions", "show", "nobody"],
        ["explain", "last"],
        ["explain", "last", "--json"],
        ["rerun", "last", "--from", "a", "--dry-run"],
        ["rerun", "last", "--from", "a", "--dry-run", "--json"],
        ["rerun", "last", "--with", "good.json", "--dry-run"],
        ["resume", "last"],
        ["executions", "cancel", "last"],
      ]
    ) {
      const [there, here] = [await flow(...args), await local(...args)];
      // Folders are a matter of the machine that has them.
      assert.deepEqual(there, { ...here, stdout: here.stdout.replace(/^ +folder .*\n/m, "") }, args.join(" "));
    }
    const rerun = await flow("rerun", "last", "--with", "good.json");
    assert.equal(rerun.code, 0, rerun.stderr);
    assert.deepEqual(JSON.parse(rerun.stdout).c.stderr, "four");
    const without = await runFlow(["executions", "list", "--server", server.url], { env: { FLOW_TOKEN: "wrong" } });
    assert.equal(without.code, 2, without.stderr);
  });
});

Deno.test("flow executions logs --follow and cancel work on a server while it runs", async () => {
  await withRestartableServe({ files: FILES }, async (server) => {
    const flow = (...args: string[]) => runFlow([...args, "--server", server.url], { cwd: server.path("") });
    const running = flow("run", "slow.json");
    for (let seen: ExecutionSummary[] = []; seen.length === 0;) seen = await list(server);
    const logs = flow("executions", "logs", "last", "--follow");
    const cancelled = await flow("executions", "cancel", "last", "--reason", "enough");
    assert.deepEqual([cancelled.code, (await running).code], [0, 130], cancelled.stderr);
    assert.match((await logs).stdout, /^a \| \d+\n/);
  });
});

Deno.test("flow run --server knows node types that only the server has, and says what does not go together", async () => {
  await withRestartableServe({ files: FILES, args: ["--nodes", "own.ts"] }, async (server) => {
    const flow = (...args: string[]) => runFlow(args, { cwd: server.path("") });
    const own = await flow("run", "own.json", "--server", server.url);
    assert.equal(own.code, 0, own.stderr);
    assert.deepEqual(JSON.parse(own.stdout), { a: { loud: "HI" } });
    for (const flag of [["--db", "x.db"], ["--no-store"], ["--nodes", "own.ts"], ["--durability", "full"]]) {
      const refused = await flow("run", "good.json", "--server", server.url, ...flag);
      assert.equal(refused.code, 2);
      assert.match(refused.stderr, new RegExp(`Cannot use ${flag[0]} with the server`));
    }
    const nowhere = await flow("run", "good.json", "--server", "http://127.0.0.1:1");
    assert.equal(nowhere.code, 6);
    assert.match(nowhere.stderr, /Cannot reach "http:\/\/127.0.0.1:1"/);
    assert.equal((await flow("run", "good.json", "--server", "nonsense")).code, 2);
  });
});

async function list(server: RestartableServe): Promise<ExecutionSummary[]> {
  const { stdout } = await runFlow(["executions", "list", "--json", "--server", server.url]);
  return JSON.parse(stdout);
}
