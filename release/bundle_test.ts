import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import * as wholeZod from "zod";
import { bundleProgram } from "./bundle.ts";

const EXAMPLES = new URL("../examples/", import.meta.url).pathname;

Deno.test("the bundle of the program does what the program does, and loads only what a command needs", async (test) => {
  const folder = await Deno.makeTempDir();
  try {
    const { files, inputs } = await bundleProgram({ outputFolder: join(folder, "program") });
    const flow = (...args: string[]) =>
      run(["run", "-A", "--no-config", join(folder, "program", "main.js"), ...args], folder);

    await test.step("it runs a workflow, and remembers it", async () => {
      const { code, stdout, stderr } = await flow("run", join(EXAMPLES, "shell_pipeline.json"));
      assert.equal(code, 0, stderr);
      assert.notEqual(stdout, "");
      assert.match((await flow("executions")).stdout, /succeeded/);
    });

    await test.step("what is loaded later is found: YAML, expressions, schemas, drawings", async () => {
      const { code, stderr } = await flow("run", join(EXAMPLES, "branching.yaml"), "--set", "order=1", "--dry-run");
      assert.equal(code, 0, stderr);
      for (const args of [["schema"], ["nodes", "docker.run"], ["graph", join(EXAMPLES, "shell_pipeline.json")]]) {
        assert.equal((await flow(...args)).code, 0, args.join(" "));
      }
    });

    await test.step("modules of users find all of Zod in it, made of the same parts as what flow uses", async () => {
      const zod = await import(pathToFileURL(join(folder, "program", "zod.js")).href);
      const flowengine = await import(pathToFileURL(join(folder, "program", "mod.js")).href);
      assert.deepEqual(Object.keys(zod).sort(), Object.keys(wholeZod).sort());
      for (const name of ["z", "core", "coerce", "regexes"] as const) {
        assert.deepEqual(Object.keys(zod[name]).sort(), Object.keys(wholeZod[name]).sort(), name);
      }
      assert.equal(zod.z.object, flowengine.z.object);
      assert.equal(zod.core.$ZodType, flowengine.z.core.$ZodType);
      assert.equal(zod.fromJSONSchema({ type: "string", format: "date" }).safeParse("2026-02-30").success, false);
    });

    await test.step("it serves HTTP", async () => {
      const args = ["run", "-A", "--no-config", join(folder, "program", "main.js"), "serve", "--port", "0"];
      const env = { XDG_STATE_HOME: folder, NO_COLOR: "1" };
      const server = new Deno.Command(Deno.execPath(), { args, env, cwd: folder, stdout: "piped", stderr: "null" })
        .spawn();
      const reader = server.stdout.pipeThrough(new TextDecoderStream()).getReader();
      try {
        const url = (await reader.read()).value?.trim();
        assert.equal((await fetchJson(`${url}/health`)).service, "flowengine");
        assert.match(String((await fetchJson(`${url}/openapi.json`)).openapi), /^3\.1/);
      } finally {
        server.kill("SIGTERM");
        await server.status;
        await reader.cancel();
      }
    });

    await test.step("it holds sources of the program and of packages, no tests and no tools", () => {
      assert.ok(inputs.includes("cli/commands/run.ts"));
      assert.ok(inputs.some((input) => /^zod@[\d.]+\//.test(input)), inputs.join("\n"));
      assert.deepEqual(inputs.filter((input) => /_test\.ts$|^(tests|bench|release)\/|^esbuild@/.test(input)), []);
    });

    await test.step("its modules import each other and parts of Node, nothing else", async () => {
      for (const file of files.filter((name) => name.endsWith(".js"))) {
        const text = await Deno.readTextFile(join(folder, "program", file));
        for (const [, name = ""] of text.matchAll(/^import[^"]*"([^"]+)";/gm)) {
          assert.match(name, /^(\.\/[\w.-]+\.js|node:[\w/]+)$/, file);
        }
        assert.doesNotMatch(text, /\bimport\("\.\//, `${file} shows what it imports later`);
      }
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("stack traces of the bundle name the sources", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await bundleProgram({ outputFolder: join(folder, "program") });
    const workflow = join(folder, "none.json");
    const { code, stderr } = await run([
      "run",
      "-A",
      "--no-config",
      join(folder, "program", "main.js"),
      "run",
      workflow,
      "--debug",
    ], folder);
    assert.equal(code, 4);
    assert.match(stderr, /cli\/\w+\.ts:\d+:\d+/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

async function fetchJson(url: string): Promise<Record<string, unknown>> {
  return await (await fetch(url, { signal: AbortSignal.timeout(30_000) })).json();
}

async function run(args: string[], home: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = { XDG_STATE_HOME: home, NO_COLOR: "1" };
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, env, cwd: home }).output();
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}
