/**
 * What the npm package promises, asked of one that is installed: `.ci/npm.sh` runs this for each version of Node.
 *
 * FLOW_NPM_FOLDER: a folder in whose `node_modules` it is. FLOW_NODE: the Node to run it with. FLOW_NPM_TOOLS: a folder
 * with TypeScript and the types of Node.
 */
import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";
import { codeBlocks } from "../markdown.ts";
import { ROOT } from "../support/shell.ts";

const FOLDER = required("FLOW_NPM_FOLDER");
const NODE = required("FLOW_NODE");
const TOOLS = required("FLOW_NPM_TOOLS");

/** Each is a whole program, and what it prints. */
const SCRIPTS = await documentedScripts("docs/typescript.md");

for (const { name, code, output } of SCRIPTS) {
  Deno.test(`${name} runs, and prints what the page shows`, async () => {
    await withProgram({ "script.ts": code }, async (folder) => {
      const { code: exitCode, stdout, stderr } = await run(NODE, ["script.ts"], folder);
      assert.equal(exitCode, 0, stderr);
      // Node shows texts in other quotes, and breaks lines elsewhere.
      assert.equal(shape(stdout), shape(output));
    });
  });
}

for (const resolution of ["nodenext", "bundler"]) {
  Deno.test(`programs type-check strictly, libraries included, with moduleResolution ${resolution}`, async () => {
    const files = Object.fromEntries(SCRIPTS.map(({ code }, index) => [`script${index}.ts`, code]));
    const wrong = `import { defineNode } from "flowengine";\ndefineNode({ type: 1 });\n`;
    await withProgram({ ...files, "wrong.ts": wrong }, async (folder) => {
      const { code, stdout } = await run(NODE, [join(TOOLS, "node_modules/typescript/bin/tsc"), "-p", "."], folder);
      assert.deepEqual(stdout.match(/^\w+\.ts(?=\()/gm), ["wrong.ts"], stdout);
      assert.notEqual(code, 0);
    }, {
      module: resolution === "nodenext" ? "nodenext" : "esnext",
      moduleResolution: resolution,
    });
  });
}

Deno.test("flowengine/server serves an engine of a program, and shares its database and its errors", async () => {
  const program = `
    import { createEngine, openSqliteStore } from "flowengine";
    import { bearerTokens, createHandler } from "flowengine/server";
    const store = await openSqliteStore(":memory:");
    const engine = createEngine({ store });
    const authenticate = bearerTokens([{ token: "t-1", name: "ci", role: "admin" }]);
    const flow = createHandler({ engine, authenticate, basePath: "/flow" });
    const headers = { Authorization: "Bearer t-1", "Content-Type": "application/json" };
    const ask = (path, init) => flow.fetch(new Request("http://localhost/flow/api" + path, { headers, ...init }));
    const body = JSON.stringify({ workflow: { nodes: [{ id: "log", node_type: "debug.log" }] } });
    const { status, execution_id } = await (await ask("/executions?wait=true", { method: "POST", body })).json();
    const wrong = await ask("/nodes", { headers: {} });
    const audit = JSON.stringify(await (await ask("/audit")).json());
    const isKept = (await store.getRecord(execution_id)) !== undefined;
    console.log(status, wrong.status, (await wrong.json()).code, isKept, audit.includes("POST /api/executions"));
    flow.close();
    await engine.close();
    await store.close();
  `;
  await withProgram({ "program.mjs": program }, async (folder) => {
    const { code, stdout, stderr } = await run(NODE, ["program.mjs"], folder);
    assert.equal(code, 0, stderr);
    assert.equal(stdout, "succeeded 401 unauthenticated true true\n");
  });
});

Deno.test("nothing is said when it is imported, required, or opens a database", async () => {
  const program = `
    const { openSqliteStore } = require("flowengine");
    import("flowengine").then(async (flowengine) => {
      if (flowengine.openSqliteStore !== openSqliteStore) throw new Error("there are two of them");
      await (await flowengine.openSqliteStore("test.db")).close();
      process.emitWarning("and all other warnings are shown");
    });
  `;
  await withProgram({ "program.cjs": program }, async (folder) => {
    const { code, stdout, stderr } = await run(NODE, ["program.cjs"], folder);
    assert.deepEqual([code, stdout], [0, ""], stderr);
    // Of `require` itself older versions say that it is experimental.
    const warnings = stderr.match(/Warning: .*/g)?.filter((line) => !line.includes("require"));
    assert.deepEqual(warnings, ["Warning: and all other warnings are shown"]);
  });
});

Deno.test("of an error that is not caught, Node shows what matters, and no endless line of code", async () => {
  const program = `import { parseWorkflow } from "flowengine";
    await parseWorkflow({ nodes: [{ id: "a", node_type: "debug.log", inputs: { message: "\${{ nope }}" } }] });`;
  await withProgram({ "program.mjs": program }, async (folder) => {
    const { code, stderr } = await run(NODE, ["program.mjs"], folder);
    assert.equal(code, 1);
    assert.match(stderr, /unknown type|"nope"/);
    assert.ok(stderr.length < 10_000, `${stderr.length} characters`);
  });
});

Deno.test("the package has no scripts, and nothing in it that was for Deno or for tests", async () => {
  const folder = join(FOLDER, "node_modules/flowengine");
  const { scripts, dependencies } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  assert.deepEqual([scripts, Object.keys(dependencies)], [undefined, ["zod"]]);
  for (const path of await readdir(folder, { recursive: true })) {
    assert.doesNotMatch(path, /_test[-.]|\.map$|(?<!\.d)\.ts$/);
    if (path.endsWith(".js")) {
      assert.doesNotMatch(await readFile(join(folder, path), "utf8"), /\bDeno\.(?!exit\(\))\w+\(/, path);
    }
  }
});

Deno.test("node types of your own are tested with node:test, used in programs, and found as packages", async () => {
  const page = codeBlocks(await readFile(join(ROOT, "docs/custom_nodes.md"), "utf8"));
  const named = page.flatMap(({ info, code }) => {
    const [, name] = /^(?:ts|yaml) (\S+)$/.exec(info) ?? [];
    return name === undefined ? [] : [[name, code] as const];
  });
  const manifest = page.find(({ info }) => info === "json package.json")?.code ?? "";
  await withProgram(Object.fromEntries(named), async (folder) => {
    const tests = await run(NODE, ["--test", "--test-reporter=tap", "text_nodes_test.ts"], folder);
    assert.equal(tests.code, 0, tests.stdout);
    assert.match(tests.stdout, /^# pass 9$/m);
    const script = await run(NODE, ["use.ts"], folder);
    assert.equal(shape(script.stdout), shape(page.find(({ info }) => info === "text output of use.ts")?.code ?? ""));

    const home = join(folder, "node_modules/text-nodes");
    await mkdir(home);
    await writeFile(join(home, "package.json"), manifest);
    const code = named.find(([name]) => name === "text_nodes.ts")?.[1] ?? "";
    await writeFile(join(home, "text_nodes.js"), stripTypeScriptTypes(code));
    for (const nodes of ["text_nodes.ts", "npm:text-nodes"]) {
      const flow = ["node_modules/flowengine/bin/flow.js", "run", "count.yaml", "--no-store", "--nodes", nodes];
      const { code: exitCode, stdout, stderr } = await run(NODE, flow, folder);
      assert.equal(exitCode, 0, stderr);
      assert.deepEqual(JSON.parse(stdout), { count: { words: 3, longest: "quick" } });
    }
  });
});

Deno.test("ports and config of built workflows are checked by tsc as by Deno", async () => {
  const types = await readFile(join(ROOT, "sdk/workflow_types_test.ts"), "utf8");
  await withProgram({ "types.ts": types.replace('"../mod.ts"', '"flowengine"') }, async (folder) => {
    const { code, stdout } = await run(NODE, [join(TOOLS, "node_modules/typescript/bin/tsc"), "-p", "."], folder);
    assert.equal(code, 0, stdout);
  }, { module: "nodenext", moduleResolution: "nodenext" });
});

interface Script {
  name: string;
  code: string;
  output: string;
}

async function documentedScripts(page: string): Promise<Script[]> {
  const blocks = codeBlocks(await readFile(join(ROOT, page), "utf8"));
  return blocks.flatMap(({ info, code, line }, index) =>
    info === "ts" ? [{ name: `${page}:${line}`, code, output: blocks[index + 1]?.code ?? "" }] : []
  );
}

/** Calls `test` with a folder that has `files`, and the package installed. */
async function withProgram(
  files: Readonly<Record<string, string>>,
  test: (folder: string) => Promise<void>,
  compilerOptions: Record<string, unknown> = {},
): Promise<void> {
  const folder = await mkdtemp(join(FOLDER, "program-"));
  try {
    await writeFile(join(folder, "package.json"), '{ "type": "module" }');
    await writeFile(
      join(folder, "tsconfig.json"),
      JSON.stringify({ compilerOptions: { ...STRICT, ...compilerOptions } }),
    );
    await cp(join(FOLDER, "node_modules"), join(folder, "node_modules"), { recursive: true });
    await symlink(join(TOOLS, "node_modules/@types"), join(folder, "node_modules/@types"));
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    await test(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const STRICT = {
  target: "es2024",
  lib: ["es2024", "esnext.disposable"],
  types: ["node"],
  noEmit: true,
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
};

async function run(program: string, args: readonly string[], cwd: string) {
  const env = { NO_COLOR: "1", XDG_STATE_HOME: cwd };
  const { code, stdout, stderr } = await new Deno.Command(program, { args: [...args], cwd, env, stdin: "null" })
    .output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

function shape(text: string): string {
  return text.replaceAll("'", '"').replace(/,(?=\s*[\]}])/g, "").replace(/\s+/g, " ");
}

function required(name: string): string {
  const value = Deno.env.get(name);
  if (value === undefined) throw new Error(`${name} is not set: run .ci/npm.sh`);
  return value;
}
