import assert from "node:assert/strict";
import { open, readdir, readFile, writeFile } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import { shellWorkflow } from "./support/cli.ts";
import { flowCommand } from "./support/flow_command.ts";
import { withHistory } from "./support/history.ts";

const good = { ...shellWorkflow({ a: "echo hello" }), id: "good", name: "Good" };
const bad = { ...shellWorkflow({ a: "echo oops >&2; exit 3", b: "true", c: "true" }, ["a > b", "b > c"]), id: "bad" };
const both = { "good.json": good, "bad.json": bad };

Deno.test("flow executions lists the newest first, and filters by status, workflow and time", async () => {
  await withHistory(both, async ({ flow, list }) => {
    const nothing = await flow(["executions"]);
    assert.deepEqual([nothing.code, nothing.stdout, nothing.stderr], [0, "", "There are no such executions.\n"]);
    for (const file of ["good.json", "bad.json", "good.json"]) await flow(["run", file]);
    const table = await flow(["executions"]);
    assert.match(table.stdout, /^ID +STATUS +STARTED +DURATION +WORKFLOW\n([0-9a-f-]{36} .*\n){3}$/);
    assert.match(table.stdout, /failed +(just now|\d+s ago) +\d+ms +Test workflow$/m);
    const workflows = async (...args: string[]) => (await list(...args)).map((it) => it.workflow_id);
    assert.deepEqual(await workflows(), ["good", "bad", "good"]);
    assert.deepEqual(await workflows("--status", "failed"), ["bad"]);
    assert.deepEqual(await workflows("--workflow", "good", "--limit", "1"), ["good"]);
    assert.deepEqual(await workflows("--since", "1h"), ["good", "bad", "good"]);
    assert.deepEqual(await workflows("--until", "1h"), []);
    assert.deepEqual(await workflows("--since", new Date(Date.now() + 60_000).toISOString()), []);
    assert.match((await flow(["executions", "--limit", "2"])).stderr, /There are more: use --limit/);
    const cases: [args: string[], message: RegExp][] = [
      [["--status", "done"], /Use one of "running", "interrupted"/],
      [["--since", "yesterday"], /Cannot use "yesterday" as a time/],
      [["--limit", "-1"], /Cannot use "-1" as a number/],
    ];
    for (const [args, message] of cases) {
      const refused = await flow(["executions", "list", ...args]);
      assert.equal(refused.code, 2);
      assert.match(refused.stderr, message);
    }
  });
});

Deno.test("an execution can be named by the beginning of its id, or as the last one", async () => {
  await withHistory(both, async ({ flow, list }) => {
    await flow(["run", "good.json"]);
    await flow(["run", "bad.json"]);
    const [last, first] = await list();
    const shown = async (id: string) =>
      JSON.parse((await flow(["executions", "show", id, "--json"])).stdout).execution_id;
    assert.equal(await shown("last"), last?.execution_id);
    assert.equal(await shown(first?.execution_id.slice(0, 30) ?? ""), first?.execution_id);
    const ambiguous = await flow(["explain", first?.execution_id.slice(0, 6) ?? ""]);
    assert.equal(ambiguous.code, 2);
    assert.ok(ambiguous.stderr.includes(`       ${first?.execution_id}  succeeded  Good\n`), ambiguous.stderr);
    assert.ok(ambiguous.stderr.includes(`       ${last?.execution_id}  failed  Test workflow\n`));
    for (const command of [["resume"], ["rerun"], ["explain"], ["executions", "show"], ["executions", "cancel"]]) {
      const missing = await flow([...command, "no-such-id"]);
      assert.equal(missing.code, 4, command.join(" "));
      assert.match(missing.stderr, /Cannot find execution "no-such-id".*\n hint: /);
    }
    assert.match((await flow(["executions", "logs", "01"])).stderr, /at least 6 characters/);
  });
});

Deno.test("flow executions list --called-by takes the beginning of an id, or last", async () => {
  const workflow = { id: "inner", nodes: [{ id: "a", node_type: "debug.log" }] };
  const call = { id: "call", node_type: "flow.call", config: { workflow } };
  await withHistory({ "outer.json": { id: "outer", nodes: [call] } }, async ({ flow, list }) => {
    assert.equal((await flow(["run", "outer.json"])).code, 0);
    const [{ execution_id } = { execution_id: "" }] = await list();
    for (const id of [execution_id, execution_id.slice(0, 20), "last"]) {
      const { stdout } = await flow(["executions", "list", "--called-by", id]);
      assert.match(stdout, /succeeded .*inner\n$/);
    }
    assert.equal((await flow(["executions", "list", "--called-by", "no-such-id"])).code, 4);
  });
});

Deno.test("flow executions show tells what became of each node, and what went in and came out", async () => {
  await withHistory(both, async ({ flow, path }) => {
    await flow(["run", "good.json", "--set", "stdin=Ann"]);
    const fine = await flow(["executions", "show", "last"]);
    assert.match(fine.stdout, /^Good {2}[0-9a-f-]{36}\n {2}status {4}succeeded in \d+ms\n {2}started {3}\d{4}-/);
    assert.ok(fine.stdout.includes(`  file      ${path("good.json")}\n`));
    assert.match(
      fine.stdout,
      /\nNODES\n {2}✓ {2}a {2}succeeded {2}\d+ms\n\nINPUTS\n {2}stdin: Ann\n\nOUTPUTS\n {2}a\n {4}output: hello\n/,
    );
    await flow(["run", "bad.json"]);
    const failed = await flow(["executions", "show", "last"]);
    assert.match(failed.stdout, /error {5}Node "a" failed: /);
    assert.match(failed.stdout, /✗ {2}a +failed +\d+ms +.* code 3: oops\n {2}↷ {2}b +skipped +a failed\n/);
  });
});

Deno.test("flow explain says why, and where the time went", async () => {
  const flaky = shellWorkflow({ a: "echo x >> side; [ $(wc -l < side) -ge 2 ]", b: "exit 1", c: "true" }, ["b > c"]);
  const workflow = {
    ...flaky,
    nodes: flaky.nodes.map((node) => node.id === "a" ? { ...node, retry_policy: { delay_ms: 20 } } : node),
    settings: { on_error: "ContinueOnError", max_parallel_nodes: 1 },
  };
  await withHistory({ "flaky.json": workflow }, async ({ flow }) => {
    await flow(["run", "flaky.json"]);
    const { code, stdout } = await flow(["explain", "last"]);
    assert.equal(code, 0);
    assert.match(
      stdout,
      /\nWHY\n {2}a succeeded after 2 attempts\n {4}attempt 1 failed after \d+ms: .*, next one in 20ms\n {4}attempt 2 took/,
    );
    assert.match(stdout, /\n {2}b failed: .*\n {4}so these were skipped: c\n/);
    assert.match(stdout, /\nNODES\n {2}✓ {2}a +\d+ms +2 attempts; paused \d+ms between attempts/);
    assert.match(stdout, /↷ {2}c +skipped: b failed\n/);
    assert.match(stdout, /\nCRITICAL PATH\n {2}✓ {2}a +\d+ms +\d+%\n/);
    assert.match(stdout, /\nENGINE\n {2}took .* to start 2 nodes/);
    const json = JSON.parse((await flow(["explain", "last", "--json"])).stdout);
    assert.equal(json.nodes[2].skipped.node_id, "b");
    assert.equal(json.nodes[0].attempts.length, 2);
  });
});

Deno.test("flow explain and flow executions tell of items, repetitions and handlers", async () => {
  const each = {
    id: "each",
    node_type: "shell.exec",
    map: { items: [0, 3, 0], on_error: "continue" },
    config: { command: "echo tried; exit ${{ item }}", shell: true, stream_output: true },
  };
  const poll = {
    id: "poll",
    node_type: "shell.exec",
    config: { command: "true" },
    repeat: { until: "attempt >= 2", delay_ms: 1 },
  };
  const on_exit = [{ id: "clean", node_type: "shell.exec", config: { command: "exit 4", shell: true } }];
  await withHistory({ "all.json": { nodes: [each, poll], settings: { on_exit } } }, async ({ flow }) => {
    const run = await flow(["run", "all.json"]);
    assert.equal(run.code, 0, run.stderr);
    assert.match(run.stderr, /each {2}succeeded in \S+, 1 failed/);
    const explained = (await flow(["explain", "last"])).stdout;
    assert.match(explained, /\n {2}each succeeded\n {4}1 of 3 items did not succeed:\n {6}items\[1\]: .* code 3/);
    assert.match(explained, /\n {2}clean failed: .* code 4.* \(on_exit: it changes nothing in the result\)\n/);
    assert.match(explained, /✓ {2}each +\d+ms +2 of 3 items, 1 failed\n/);
    assert.match(explained, /✓ {2}poll +\d+ms +2 attempts/);
    const shown = (await flow(["executions", "show", "last"])).stdout;
    assert.match(shown, /✓ {2}each +succeeded +\S+ +2 of 3 items, 1 failed\n/);
    assert.match(shown, /✗ {2}clean +failed +\S+ +on_exit; .* code 4/);
    assert.match(shown, /\nFAILED ITEMS\n {2}each\[1\] {2}.* code 3/);
    assert.match((await flow(["executions", "logs", "last"])).stdout, /^each\[2\] \| tried$/m);
  });
});

Deno.test("flow run takes results from the cache, --no-cache does not, and flow cache lists and forgets them", async () => {
  const node = { id: "a", node_type: "shell.exec", config: { command: "echo x >> side", shell: true } };
  const workflow = { nodes: [{ ...node, cache: { ttl_seconds: 3600 } }] };
  await withHistory({ "cached.json": workflow }, async ({ flow, lines }) => {
    await flow(["run", "cached.json"]);
    assert.match((await flow(["run", "cached.json"])).stderr, /a {2}succeeded from the cache/);
    assert.match((await flow(["explain", "last"])).stdout, /from the cache: same config and inputs within 3600 s/);
    assert.equal((await lines("side")).length, 1);
    await flow(["run", "cached.json", "--no-cache"]);
    assert.equal((await lines("side")).length, 2);
    assert.match((await flow(["explain", "last"])).stdout, /cache not used: --no-cache/);
    assert.match(
      (await flow(["cache"])).stdout,
      /^KEY +NODE TYPE +FROM +EXPIRES\n[0-9a-f]{12} +shell\.exec +.* in (59|1h)/,
    );
    assert.equal((await flow(["cache", "clear", "--type", "http.request"])).stdout, "Removed 0 results\n");
    assert.equal((await flow(["cache", "clear"])).stdout, "Removed 1 result\n");
    await flow(["run", "cached.json"]);
    assert.equal((await lines("side")).length, 3);
    assert.match((await flow(["explain", "last"])).stdout, /not in the cache: no result/);
  });
});

Deno.test("flow explain says how many items of a node came from the cache", async () => {
  const each = {
    id: "each",
    node_type: "debug.log",
    map: { items: "${{ inputs.list }}" },
    cache: { ttl_seconds: 60 },
    inputs: { message: "${{ item }}" },
  };
  const inputs = { list: { type: "array" } };
  await withHistory({ "all.json": { inputs, nodes: [each] } }, async ({ flow }) => {
    const explained = async (list: string) => {
      const run = await flow(["run", "all.json", "--set", `list=${list}`]);
      assert.equal(run.code, 0, run.stderr);
      return (await flow(["explain", "last"])).stdout;
    };
    assert.match(await explained('["a","b"]'), /each +\S+ +2 items; no item was in the cache\n/);
    assert.match(await explained('["a","b"]'), /each +\S+ +2 items; 2 items from the cache: same config/);
  });
});

Deno.test("flow executions prune deletes what is old, keeps what it is told to, and says what it did", async () => {
  await withHistory(both, async ({ flow, list }) => {
    for (let i = 0; i < 3; i++) await flow(["run", "good.json"]);
    const [newest] = await list();
    const none = await flow(["executions", "prune"]);
    assert.equal(none.code, 2);
    assert.match(none.stderr, /no condition is given\n hint: /);
    assert.equal(
      (await flow(["executions", "prune", "--older-than", "1h"])).stdout,
      "Deleted 0 executions, gave 0 bytes back\n",
    );
    assert.equal(
      (await flow(["executions", "prune", "--keep", "1", "--dry-run"])).stdout,
      "Would delete 2 executions\n",
    );
    assert.equal((await list()).length, 3);
    assert.match((await flow(["executions", "prune", "--keep", "1"])).stdout, /^Deleted 2 executions, gave .* back\n$/);
    assert.deepEqual((await list()).map((it) => it.execution_id), [newest?.execution_id]);
  });
});

Deno.test("--no-store writes nothing; --db and FLOW_DB say where to write", async () => {
  await withHistory(both, async ({ flow, path }) => {
    assert.equal((await flow(["run", "good.json", "--no-store"])).code, 0);
    await flow(["executions"]);
    await flow(["doctor"]);
    assert.deepEqual((await readdir(path(""))).sort(), ["bad.json", "good.json"]);
    assert.equal((await flow(["run", "good.json", "--db", "deep/er/mine.db"])).code, 0);
    assert.equal(
      (await flow(["run", "good.json", "--durability", "full"], { env: { FLOW_DB: path("env.db") } })).code,
      0,
    );
    // One file each, because closing leaves no second one behind.
    assert.deepEqual((await readdir(path(""))).sort(), ["bad.json", "deep", "env.db", "good.json"]);
    assert.deepEqual(await readdir(path("deep/er")), ["mine.db"]);
    assert.match((await flow(["executions", "--db", "deep/er/mine.db"])).stdout, /succeeded/);
    const missing = await flow(["executions", "--db", "mien.db"]);
    assert.equal(missing.code, 4);
    assert.match(missing.stderr, /Cannot open database "mien\.db": there is no such file/);
    assert.equal((await flow(["run", "good.json", "--db", "x.db", "--no-store"])).code, 2);
    const homeless = await flow(["run", "good.json"], { env: { XDG_STATE_HOME: "", HOME: "" } });
    assert.equal(homeless.code, 6);
    assert.match(homeless.stderr, /this user has no home folder\n hint: .*--no-store/);
  });
});

Deno.test("a damaged, foreign, newer or unwritable database is reported, and nothing pretends to have run", async () => {
  await withHistory(both, async ({ flow, path }) => {
    await flow(["run", "good.json", "--db", "newer.db"]);
    const database = new DatabaseSync(path("newer.db"));
    database.exec("INSERT INTO schema_version VALUES (1000, 'tomorrow')");
    database.close();
    await flow(["run", "good.json", "--db", "torn.db"]);
    const file = await open(path("torn.db"), "r+");
    await file.write(new Uint8Array(8192).fill(0x55), 0, 8192, 4096);
    await file.close();
    await writeFile(path("text.db"), "this is not a database, whatever its name may say\n".repeat(100));
    const cases: [db: string, code: number, message: RegExp][] = [
      ["newer.db", 6, /its layout has version 1000, this flow knows up to \d+\n hint: Use the newer flow/],
      ["torn.db", 6, /the file is damaged\n hint: Run `flow doctor`/],
      ["text.db", 6, /the file is not a database\n hint: /],
      ["good.json/flow.db", 6, /^error: Cannot create /],
    ];
    for (const [db, code, message] of cases) {
      const run = await flow(["run", "good.json", "--db", db]);
      assert.deepEqual([run.code, run.stdout], [code, ""], `${db}: ${run.stderr}`);
      assert.match(run.stderr, message);
      assert.doesNotMatch(run.stderr, /\n\s+at /);
      const doctor = await flow(["doctor", "--db", db, "--json"]);
      assert.equal(doctor.code, 6, db);
      const { ok, checks } = JSON.parse(doctor.stdout);
      assert.equal(ok, false);
      const found = checks.find((check: { name: string }) => check.name === "database");
      assert.ok(!found.ok && found.problems.length > 0, doctor.stdout);
    }
  });
});

const outputs = (lines: number) => `echo x >> side; head -c ${lines * 1000} /dev/zero | tr '\\0' x`;
const growing = shellWorkflow({ a: outputs(400), b: outputs(4000), c: "echo x >> side" }, ["a > b", "b > c"]);

Deno.test("when the database cannot grow, flow run stops and says so; with space, flow resume goes on", async () => {
  await withHistory({ "growing.json": growing }, async ({ flow, path, lines, list }) => {
    const command = flowCommand(["run", "growing.json"]).map((word) => `"${word}"`).join(" ");
    // In blocks of 512 or 1024 bytes, as the shell likes; writing beyond is an error, not a signal.
    const script = `trap '' XFSZ; ulimit -f 3000; exec ${command}`;
    const limited = await new Deno.Command("sh", {
      args: ["-c", script],
      cwd: path(""),
      env: { NO_COLOR: "1", XDG_STATE_HOME: path("state") },
    }).output();
    const stderr = new TextDecoder().decode(limited.stderr);
    assert.deepEqual([limited.code, limited.stdout.length], [6, 0], stderr);
    assert.match(stderr, /^error: Cannot append events in database ".*": .*\n hint: /m);
    assert.doesNotMatch(stderr, /\n\s+at /);
    assert.deepEqual([(await list())[0]?.status, (await lines("side")).length], ["interrupted", 2]);
    const resumed = await flow(["resume", "last"]);
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.equal((await lines("side")).length, 4);
  });
});

Deno.test("every command for executions has help with examples", async () => {
  const commands = ["resume", "rerun", "explain", "doctor", "cache list", "cache clear"];
  const parts = ["list", "show", "logs", "cancel", "prune"].map((name) => `executions ${name}`);
  await withHistory({}, async ({ flow }) => {
    for (const command of [...commands, ...parts]) {
      const { code, stdout } = await flow([...command.split(" "), "--help"]);
      assert.equal(code, 0);
      assert.match(stdout, new RegExp(`EXAMPLES\n  flow ${command.split(" ")[0]}`), command);
    }
  });
});

Deno.test("flow doctor says that all is well, with facts", async () => {
  await withHistory(both, async ({ flow, path }) => {
    await flow(["run", "good.json"]);
    const { code, stdout } = await flow(["doctor"]);
    assert.equal(code, 0, stdout);
    assert.match(stdout, /^✓ {2}flow +flow \d+\.\d+\.\d+, (Deno\/\d+\.\d+\.\d+|Node\.js\/\d+)/m);
    assert.ok(stdout.includes(path("state/flow/flow.db")));
    assert.match(stdout, /layout \d+, 1 execution$/m);
    assert.match(stdout, /^✓ {2}disk +[\d.]+ [KMGT]iB free$/m);
  });
});

Deno.test("six flow runs at once share one new database without any trouble", async () => {
  await withHistory(both, async ({ flow, list, path }) => {
    const runs = await Promise.all(Array.from({ length: 6 }, () => flow(["run", "good.json"])));
    for (const { code, stderr } of runs) {
      assert.equal(code, 0, stderr);
      assert.doesNotMatch(stderr, /note:|lock/);
    }
    assert.deepEqual((await list()).map((it) => it.status), Array(6).fill("succeeded"));
    assert.deepEqual(await readdir(path("state/flow")), ["flow.db"]);
    assert.equal((await flow(["doctor"])).code, 0);
    assert.equal((await readFile(path("state/flow/flow.db"))).subarray(0, 6).toString(), "SQLite");
  });
});
