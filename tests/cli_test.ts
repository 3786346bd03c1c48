import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { runFlow, shellWorkflow, startFlow, withFiles } from "./support/cli.ts";
import { isFromSource } from "./support/flow_command.ts";

const hello = shellWorkflow({ greet: "echo Hello; echo oops >&2", shout: "tr a-z A-Z" }, ["greet > shout"]);

function parseLines(text: string): Record<string, unknown>[] {
  return text.trimEnd().split("\n").map((line) => JSON.parse(line));
}

async function isAlive(pid: number): Promise<boolean> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    return !/\) [ZX] /.test(stat);
  } catch {
    return false;
  }
}

Deno.test("flow --version prints the version in deno.json, and what it was built from", async () => {
  const config = JSON.parse(await readFile(new URL("../deno.json", import.meta.url), "utf8"));
  const { code, stdout, stderr } = await runFlow(["--version"]);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  const [, version, build] = /^flow (\S+) \((.+)\)\n$/.exec(stdout) ?? [];
  assert.equal(version, config.version);
  const origin = isFromSource ? "from source" : "[0-9a-f]{12}(-modified)?";
  assert.match(build ?? "", new RegExp(`^${origin}, (linux|macos|windows)-(x64|arm64)$`));
});

Deno.test("flow --help lists the commands, and each has help with examples", async () => {
  const { code, stdout } = await runFlow(["--help"]);
  assert.equal(code, 0);
  for (const command of ["run", "validate", "nodes", "init", "schema", "graph"]) {
    assert.match(stdout, new RegExp(`^  ${command} `, "m"));
    const help = await runFlow([command, "--help"]);
    assert.equal(help.code, 0);
    assert.match(help.stdout, new RegExp(`EXAMPLES\n  flow ${command}`), command);
  }
});

Deno.test("flow run prints the outputs of the last nodes as JSON to a pipe, and the rest to stderr", async () => {
  await withFiles({ "hello.json": hello }, async (path) => {
    const { code, stdout, stderr } = await runFlow(["run", path("hello.json")]);
    assert.equal(code, 0, stderr);
    const outputs = JSON.parse(stdout);
    assert.deepEqual(Object.keys(outputs), ["shout"]);
    assert.equal(outputs.shout.output, "HELLO");
    assert.match(stderr, /^\d\d:\d\d:\d\d\.\d{3} greet {2}started$/m);
    assert.match(stderr, /^greet \| Hello$/m);
    assert.match(stderr, /^greet \| oops$/m);
    assert.match(stderr, /Test workflow {2}succeeded in /);
    // deno-lint-ignore no-control-regex -- there must be none of them
    assert.doesNotMatch(stdout + stderr, /\x1b/);
  });
});

Deno.test("FORCE_COLOR brings colors to pipes, unless NO_COLOR forbids them", async () => {
  const forced = await runFlow(["nodes"], { env: { FORCE_COLOR: "1", NO_COLOR: "" } });
  // deno-lint-ignore no-control-regex -- colors are what is looked for
  assert.match(forced.stdout, /\x1b\[1mshell\.exec/);
  const forbidden = await runFlow(["nodes"], { env: { FORCE_COLOR: "1", NO_COLOR: "1" } });
  // deno-lint-ignore no-control-regex -- colors are what is looked for
  assert.doesNotMatch(forbidden.stdout, /\x1b/);
});

Deno.test("flow run --json prints every event as a line of JSON and nothing else", async () => {
  await withFiles({ "hello.json": hello }, async (path) => {
    const { code, stdout, stderr } = await runFlow(["run", "--file", path("hello.json"), "--json"]);
    assert.equal(code, 0);
    assert.equal(stderr, "");
    const events = parseLines(stdout);
    assert.deepEqual(events.map(({ seq }) => seq), events.map((_, index) => index + 1));
    assert.equal(events[0]?.type, "WorkflowStarted");
    assert.deepEqual(events.filter(({ type }) => type === "WorkflowCompleted"), [events.at(-1)]);
    assert.equal(new Set(events.map(({ execution_id }) => execution_id)).size, 1);
  });
});

Deno.test("flow run --quiet prints only the result", async () => {
  await withFiles({ "hello.json": hello }, async (path) => {
    const { code, stdout, stderr } = await runFlow(["run", path("hello.json"), "-q"]);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
    assert.equal(JSON.parse(stdout).shout.stdout, "HELLO");
  });
});

Deno.test("flow run takes inputs from --input and --set, and --set wins", async () => {
  const workflow = { nodes: [{ id: "log", node_type: "debug.log" }] };
  await withFiles({ "log.json": workflow, "in.json": { a: "file", bytes: { $bytes: "aGk=" } } }, async (path) => {
    const run = async (args: string[], stdin?: string) => {
      const options = stdin === undefined ? {} : { stdin };
      const { code, stdout, stderr } = await runFlow(["run", path("log.json"), "--json", ...args], options);
      assert.equal(code, 0, stderr);
      const completed = parseLines(stdout).find(({ type }) => type === "NodeCompleted");
      return completed?.outputs;
    };
    const text = '{"message":"m"}';
    assert.deepEqual(await run(["--input", text]), { message: "m" });
    assert.deepEqual(await run(["--input", text, "--set", "message=[1,{}]"]), { message: [1, {}] });
    assert.deepEqual(await run(["--set", "message=a=b c"]), { message: "a=b c" });
    assert.deepEqual(await run(["--input", "-"], text), { message: "m" });
  });
});

Deno.test("flow run explains broken --input with its place and how to quote", async () => {
  await withFiles({ "hello.json": hello }, async (path) => {
    const { code, stdout, stderr } = await runFlow(["run", path("hello.json"), "--input", "{name: 1}"]);
    assert.deepEqual({ code, stdout }, { code: 2, stdout: "" });
    assert.match(stderr, /^error: Cannot read --input "\{name: 1\}": .*line 1 column 2/);
    assert.match(stderr, /^ hint: .*single quotes/m);
  });
});

Deno.test("flow run runs a document of flowengine as it is", async () => {
  const { code, stdout, stderr } = await runFlow(["run", "examples/flowengine_v1.json"]);
  assert.equal(code, 0, stderr);
  const [outputs] = Object.values<Record<string, unknown>>(JSON.parse(stdout));
  assert.equal(outputs?.message, '{"planet":"Jupiter","moons":95}');
});

Deno.test("flow run runs a TypeScript module with node types of its own", async () => {
  const zod = import.meta.resolve("zod");
  const node = new URL("../engine/node.ts", import.meta.url).href;
  const shout = `import { defineNode } from "${node}"; import * as z from "${zod}";
    export const nodes = [defineNode({ type: "my.shout", version: 1, summary: "Shout", category: "my", config: {},
      inputs: {}, outputs: { text: z.string() }, run: () => ({ text: "HEY" }) })];`;
  const workflow = `{ nodes: [{ id: "a", node_type: "my.shout" }] }`;
  const files = {
    "both.ts": `${shout}\nexport const workflow = ${workflow};`,
    "alone.ts": `export default ${workflow};`,
    "nodes.ts": shout,
    "nothing.ts": "export const x = 1;",
    "broken.ts": "throw new Error('no luck');",
  };
  await withFiles(files, async (path) => {
    const both = await runFlow(["run", path("both.ts")]);
    assert.equal(both.code, 0, both.stderr);
    assert.deepEqual(JSON.parse(both.stdout), { a: { text: "HEY" } });
    const apart = await runFlow(["run", path("alone.ts"), "--nodes", path("nodes.ts"), "-q"]);
    assert.deepEqual(JSON.parse(apart.stdout), { a: { text: "HEY" } });
    const alone = await runFlow(["run", path("alone.ts")]);
    assert.equal(alone.code, 2);
    assert.match(alone.stderr, /unknown type: "my\.shout"/);
    assert.match((await runFlow(["run", path("nothing.ts")])).stderr, /it exports no workflow\n hint: /);
    assert.match((await runFlow(["run", path("broken.ts")])).stderr, /Cannot load ".*broken\.ts": no luck/);
    const shown = await runFlow(["nodes", "my.shout", "--nodes", path("nodes.ts")]);
    assert.match(shown.stdout, /my\.shout version 1\nShout/);
  });
});

Deno.test("flow run ends with 3 and says why when a node fails, without a stack", async () => {
  await withFiles(
    { "fail.json": shellWorkflow({ a: "echo reason >&2; exit 7", b: "true" }, ["a > b"]) },
    async (path) => {
      const { code, stdout, stderr } = await runFlow(["run", path("fail.json")]);
      assert.deepEqual({ code, stdout }, { code: 3, stdout: "" });
      assert.match(stderr, /b {2}skipped: a failed/);
      assert.match(stderr, /^error: Node "a" failed: /m);
      assert.doesNotMatch(stderr, /\n\s+at /);
    },
  );
});

Deno.test("flow run ends with 2 and lists every problem of an invalid workflow", async () => {
  const broken = {
    nodes: [{ id: "a", node_type: "shell.exce" }, { id: "b", node_type: "time.delay", config: { ms: 1 } }],
  };
  await withFiles({ "broken.json": JSON.stringify(broken, null, 2) }, async (path) => {
    const { code, stderr } = await runFlow(["run", path("broken.json")]);
    assert.equal(code, 2);
    assert.match(stderr, /broken\.json:5:20: error: .*"shell\.exce"\n {2}Did you mean "shell\.exec"\?/);
    assert.match(stderr, /broken\.json:\d+:\d+: error: .*"ms"/);
  });
});

Deno.test("flow run ends with 4 when there is no such file, and 2 when it is a folder", async () => {
  const missing = await runFlow(["run", "no_such.yaml"]);
  assert.equal(missing.code, 4);
  assert.match(missing.stderr, /^error: Cannot read "no_such\.yaml": there is no such file\n hint: /);
  const folder = await runFlow(["run", "tests"]);
  assert.equal(folder.code, 2);
  assert.match(folder.stderr, /it is a folder/);
});

Deno.test("flow run ends with 124 when the time of --timeout is over", async () => {
  await withFiles({ "slow.json": shellWorkflow({ a: "sleep 60" }) }, async (path) => {
    const { code, stderr } = await runFlow(["run", path("slow.json"), "--timeout", "200ms"]);
    assert.equal(code, 124, stderr);
    assert.match(stderr, /^error: Execution exceeded 200 ms$/m);
  });
});

Deno.test("flow refuses what it does not understand with 2, and suggests what was meant", async () => {
  const cases: [args: string[], message: RegExp][] = [
    [["rnu"], /Cannot run "rnu": there is no such command\n hint: Did you mean .*"run"/],
    [["run", "x.json", "--verbos"], /there is no such flag\n hint: Did you mean "--verbose"\?/],
    [["run", "x.json", "--timeout", "soon"], /Cannot read the duration "soon"/],
    [["run", "x.json", "--set"], /The flag --set needs a value\n hint: Run "flow run --help"/],
    [["run"], /no workflow was given/],
    [["graph", "x.json", "--format", "png"], /Use one of "ascii", "mermaid", "dot" and "svg"/],
    [["validate"], /The argument FILE is missing/],
    [["validate", ""], /Cannot use "" for FILE: it is empty\n hint: Give it a value, or leave it out/],
    [["run", "x.json", "--db", ""], /Cannot use "" for --db: it is empty/],
    [["run", "x.json", "--secrets-file="], /Cannot use "" for --secrets-file: it is empty/],
    [["serve", "--token-file", ""], /Cannot use "" for --token-file: it is empty/],
    [["executions", "list", "--db="], /Cannot use "" for --db: it is empty/],
    [["dev", "x.json", "--watch="], /Cannot use "" for --watch: it is empty/],
  ];
  for (const [args, message] of cases) {
    const { code, stdout, stderr } = await runFlow(args);
    assert.equal(code, 2, args.join(" "));
    assert.equal(stdout, "");
    assert.match(stderr, /^error: /);
    assert.match(stderr, message);
  }
});

Deno.test("flow run shows stacks only with --debug", async () => {
  const { stderr } = await runFlow(["run", "no_such.yaml", "--debug"]);
  assert.match(stderr, /\n\s+at /);
});

Deno.test("the first Ctrl-C cancels the execution and says so, and leaves no process behind", async () => {
  await withFiles(
    { "slow.json": shellWorkflow({ a: "echo $$; sleep 300 & wait", b: "true" }, ["a > b"]) },
    async (path) => {
      let pid = 0;
      const { code, stdout, stderr } = await runFlow(["run", path("slow.json")], {
        onStderr(text, process) {
          const found = /^a \| (\d+)$/m.exec(text);
          if (found === null || pid !== 0) return;
          pid = Number(found[1]);
          process.kill("SIGINT");
        },
      });
      assert.equal(code, 130, stderr);
      assert.equal(stdout, "");
      assert.match(stderr, /^Cancelling… press Ctrl-C again to kill$/m);
      assert.match(stderr, /b {2}skipped: the execution was cancelled/);
      assert.match(stderr, /Test workflow {2}cancelled in /);
      assert.equal(await isAlive(pid), false);
    },
  );
});

Deno.test("the second Ctrl-C kills what does not listen", async () => {
  const stubborn = "trap '' TERM INT; echo $$; while true; do sleep 1; done";
  await withFiles({ "stubborn.json": shellWorkflow({ a: stubborn }) }, async (path) => {
    let pid = 0;
    let kills = 0;
    const { code, stderr } = await runFlow(["run", path("stubborn.json")], {
      onStderr(text, process) {
        const found = /^a \| (\d+)$/m.exec(text);
        if (found !== null && kills === 0) {
          pid = Number(found[1]);
          kills = 1;
          process.kill("SIGINT");
        } else if (text.includes("Cancelling…") && kills === 1) {
          kills = 2;
          process.kill("SIGINT");
        }
      },
    });
    assert.equal(code, 130, stderr);
    assert.equal(await isAlive(pid), false);
  });
});

Deno.test("the second Ctrl-C does not wait for a node that ignores everything", async () => {
  const node = new URL("../engine/node.ts", import.meta.url).href;
  const deaf = `import { defineNode } from "${node}";
    export const nodes = [defineNode({ type: "my.deaf", version: 1, summary: "Never end", category: "my", config: {},
      inputs: {}, outputs: {}, run: () => new Promise(() => {}) })];
    export const workflow = { name: "Deaf", nodes: [{ id: "a", node_type: "my.deaf" }] };`;
  await withFiles({ "deaf.ts": deaf }, async (path) => {
    let kills = 0;
    const { code, stderr } = await runFlow(["run", path("deaf.ts")], {
      onStderr(text, process) {
        const isDue = text.includes(kills === 0 ? "a  started" : "Cancelling…");
        if (!isDue || kills === 2) return;
        kills++;
        process.kill("SIGINT");
      },
    });
    assert.equal(code, 130, stderr);
    assert.doesNotMatch(stderr, /Deaf {2}cancelled in/);
  });
});

Deno.test("flow run says after a while which function it waits for that ignores its cancel, and kills at will", async () => {
  const deaf = `import { task, workflow } from "flowengine";
    const wf = workflow("deaf");
    wf.add("a", task(async function ignore() { await new Promise((resolve) => setTimeout(resolve, 60_000)); }));
    export { wf as workflow };`;
  await withFiles({ "deaf.js": deaf }, async (path) => {
    let kills = 0;
    const { code, stderr } = await runFlow(["run", path("deaf.js")], {
      onStderr(text, process) {
        if (!text.includes(kills === 0 ? "a  started" : "Waiting for") || kills === 2) return;
        kills++;
        process.kill("SIGINT");
      },
    });
    assert.equal(code, 130, stderr);
    assert.match(stderr, /^Waiting for "a" to end, up to 30 s; press Ctrl-C again to kill$/m);
  });
});

Deno.test("Ctrl-C in the moment in which an execution begins cancels it, too", async () => {
  const early = `import { task, workflow } from "flowengine";
    import process from "node:process";
    const wf = workflow("early");
    wf.add("a", task(async function wait(_, { sleep }) {
      process.kill(process.pid, "SIGINT");
      await sleep(60_000);
    }));
    export { wf as workflow };`;
  await withFiles({ "early.js": early }, async (path) => {
    const { code, stderr } = await runFlow(["run", path("early.js")]);
    assert.equal(code, 130, stderr);
    assert.match(stderr, /early {2}cancelled in /);
  });
});

Deno.test("SIGTERM cancels the execution too", async () => {
  await withFiles({ "slow.json": shellWorkflow({ a: "echo ready; sleep 300" }) }, async (path) => {
    let hasKilled = false;
    const { code } = await runFlow(["run", path("slow.json")], {
      onStderr(text, process) {
        if (hasKilled || !text.includes("a | ready")) return;
        hasKilled = true;
        process.kill("SIGTERM");
      },
    });
    assert.equal(code, 130);
  });
});

Deno.test("flow run ends quietly when the reader of its output has gone", async () => {
  await withFiles({ "chatty.json": shellWorkflow({ a: "while echo line; do sleep 0.02; done" }) }, async (path) => {
    const process = startFlow(["run", path("chatty.json"), "--json"], { env: { XDG_STATE_HOME: path("state") } });
    const reader = process.stdout.getReader();
    await reader.read();
    await reader.cancel();
    const [stderr, { code }] = await Promise.all([process.stderr.text(), process.status]);
    assert.equal(stderr, "");
    assert.equal(code, 130);
  });
});

Deno.test("flow nodes lists the node types, and shows one in words people use", async () => {
  const list = await runFlow(["nodes"]);
  assert.equal(list.code, 0);
  assert.match(list.stdout, /^shell\.exec +Run a command$/m);
  const one = await runFlow(["nodes", "shell.exec"]);
  assert.match(one.stdout, /^ {2}command {2}text, required\n {6}Program to run/m);
  assert.match(one.stdout, /^ {2}shell {2}boolean, default false$/m);
  const json = JSON.parse((await runFlow(["nodes", "shell.exec", "--json"])).stdout);
  assert.deepEqual(json.config.required, ["command"]);
  const unknown = await runFlow(["nodes", "shell.exce"]);
  assert.equal(unknown.code, 4);
  assert.match(unknown.stderr, /hint: Did you mean "shell\.exec"\?/);
});

Deno.test("flow validate lists all problems of all files, and ends with 2", async () => {
  const files = {
    "good.yaml": "nodes:\n  - { id: a, node_type: debug.log }\n",
    "bad.yaml": "nodes:\n  - { id: a, node_type: debug.lgo }\n  - { id: a, node_type: debug.log }\n",
    "broken.json": '{"nodes": [}',
  };
  await withFiles(files, async (path) => {
    const good = await runFlow(["validate", path("good.yaml")]);
    assert.deepEqual([good.code, good.stdout], [0, `${path("good.yaml")}: valid, 1 node\n`]);
    const all = await runFlow(["validate", ...Object.keys(files).map(path), path("missing.json")]);
    assert.equal(all.code, 2);
    assert.match(all.stdout, /bad\.yaml:2:\d+: error: .*"debug\.lgo"\n {2}Did you mean "debug\.log"\?/);
    assert.match(all.stdout, /bad\.yaml:3:\d+: error: .*"a" is taken/);
    assert.match(all.stdout, /broken\.json:1:\d+: error: /);
    assert.match(all.stdout, /Cannot read ".*missing\.json": there is no such file/);
    assert.equal((await runFlow(["validate", path("missing.json")])).code, 4);
    const json = await runFlow(["validate", path("bad.yaml"), path("good.yaml"), "--json"]);
    assert.equal(json.code, 2);
    const { valid, files: reports } = JSON.parse(json.stdout);
    assert.equal(valid, false);
    assert.deepEqual(reports.map((report: { valid: boolean }) => report.valid), [false, true]);
    assert.deepEqual(reports[0].issues[0].line, 2);
  });
});

Deno.test("flow init writes templates that validate and run, and overwrites nothing", async () => {
  await withFiles({}, async (path) => {
    const cases = [["hello", "a.yaml"], ["hello", "a.json"], ["parallel", "p.yaml"], ["retry", "r.yml"], [
      "typescript",
      "t.ts",
    ]];
    for (const [template = "", file = ""] of cases) {
      const init = await runFlow(["init", "--template", template, "--output", path(file)]);
      assert.equal(init.code, 0, init.stderr);
      assert.match(init.stderr, /Run it with: flow run /);
      const valid = await runFlow(["validate", path(file)]);
      assert.equal(valid.code, 0, valid.stdout);
      const run = await runFlow(["run", path(file)]);
      assert.equal(run.code, 0, run.stderr);
      assert.equal(Object.keys(JSON.parse(run.stdout)).length, 1, run.stdout);
    }
    const again = await runFlow(["init", "--output", path("a.yaml")]);
    assert.equal(again.code, 5);
    assert.match(again.stderr, /it exists already\n hint: Use --force/);
    assert.equal((await runFlow(["init", "--output", path("a.yaml"), "--force"])).code, 0);
    assert.equal((await runFlow(["init", "--template", "hullo", "--output", path("x.yaml")])).code, 4);
    assert.equal((await runFlow(["init", "--template", "typescript", "--output", path("x.yaml")])).code, 2);
    const dash = await runFlow(["init", "--output", "-"], { cwd: path(".") });
    assert.deepEqual([dash.code, dash.stdout], [2, ""]);
    assert.match(dash.stderr, /Cannot write a workflow to stdout\n hint: Name a file/);
  });
});

Deno.test("flow schema prints a JSON Schema", async () => {
  const { code, stdout } = await runFlow(["schema"]);
  assert.equal(code, 0);
  const schema = JSON.parse(stdout);
  assert.match(schema.$schema, /json-schema\.org/);
  assert.ok(schema.properties.nodes);
});

Deno.test("flow graph draws a workflow in every format", async () => {
  await withFiles({ "hello.json": hello }, async (path) => {
    const draw = async (...args: string[]) => (await runFlow(["graph", path("hello.json"), ...args])).stdout;
    assert.match(await draw(), /│ greet +│[^]*▼[^]*│ shout +│/);
    assert.match(await draw("--format", "mermaid"), /^flowchart TD\n[^]*n0 -->/);
    assert.match(await draw("--format", "dot"), /^digraph "Test workflow" \{[^]*n0 -> n1/);
    assert.match(await draw("--format", "svg"), /^<svg [^]*<\/svg>\n$/);
  });
});
