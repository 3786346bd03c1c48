import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openHttpServer } from "../tests/support/http_server.ts";
import { ROOT } from "../tests/support/shell.ts";
import { permissionFlags, SYSTEM_CALLS } from "./permissions.ts";

/** What people do with flow, in an order in which it works; `PAGE` is the address of a page, `SERVER` of a flow server. */
const SCENARIOS = [
  "--version",
  "run examples/shell_pipeline.json",
  "run examples/hello.yaml --durability full --json",
  "run examples/map_items.yaml --no-store",
  "run request.json --set url=PAGE",
  "run nodes.yaml --nodes nodes.ts",
  "executions",
  "executions show last",
  "executions logs last",
  "explain last",
  "rerun last --nodes nodes.ts",
  "executions prune --keep 1",
  "cache clear",
  "secrets",
  "tokens create",
  "audit",
  "init --output made.yaml",
  "validate made.yaml",
  "fmt made.yaml",
  "convert made.yaml --to json",
  "graph made.yaml",
  "schema",
  "nodes shell.exec",
  "test examples/branching.test.yaml",
  "run examples/hello.yaml --server SERVER",
  "executions --server SERVER",
  "doctor",
];

const FILES: Readonly<Record<string, string>> = {
  "request.json": JSON.stringify({ nodes: [{ id: "get", node_type: "http.request" }] }),
  "nodes.yaml": "nodes: [{ id: one, node_type: own.greet }]\n",
  "nodes.ts": `import { defineNode } from "flowengine";
export const nodes = [defineNode({
  type: "own.greet", version: 1, summary: "Greet", category: "own",
  config: {}, inputs: {}, outputs: {}, run: () => Promise.resolve({}),
})];
`,
};

/** One asked permission, as the runtime writes them down. */
interface Asked {
  permission: string;
  value: string | null;
}

/** What all scenarios ended with, and what they have asked the runtime for. */
interface Observation {
  codes: Record<string, number>;
  asked: Asked[];
}

/** Goes through the scenarios with these permissions, from source. */
async function observe(flags: readonly string[]): Promise<Observation> {
  const folder = await mkdtemp(join(tmpdir(), "flow-permissions-"));
  const page = openHttpServer(() => Response.json({ fine: true }));
  try {
    await Deno.mkdir(join(folder, "asked"));
    for (const [name, text] of Object.entries(FILES)) await writeFile(join(folder, name), text);
    await Deno.symlink(join(ROOT, "examples"), join(folder, "examples"));
    const codes: Record<string, number> = {};
    const server = await startServer(folder, flags);
    try {
      for (const scenario of SCENARIOS) {
        const args = scenario.replace("PAGE", page.url).replace("SERVER", server.url).split(" ");
        const { code, stderr } = await command(folder, flags, args).output();
        codes[scenario] = code;
        assert.doesNotMatch(new TextDecoder().decode(stderr), /NotCapable|Requires \w+ access/, scenario);
      }
    } finally {
      await server.stop();
    }
    return { codes, asked: await readAsked(join(folder, "asked")) };
  } finally {
    await page.close();
    await rm(folder, { recursive: true, force: true });
  }
}

function command(folder: string, flags: readonly string[], args: readonly string[]): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", ...flags, join(ROOT, "cli/main.ts"), ...args],
    cwd: folder,
    env: {
      NO_COLOR: "1",
      XDG_STATE_HOME: join(folder, "state"),
      FLOW_CACHE_DIR: join(folder, "cache"),
      DENO_AUDIT_PERMISSIONS: join(folder, "asked", `${crypto.randomUUID()}.jsonl`),
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

async function startServer(folder: string, flags: readonly string[]) {
  const process = command(folder, flags, ["serve", "--port", "0", "--db", join(folder, "server.db")]).spawn();
  const output = process.stdout.cancel();
  let told = "";
  const started = Promise.withResolvers<string>();
  const reading = (async () => {
    for await (const text of process.stderr.pipeThrough(new TextDecoderStream())) {
      told += text;
      const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(told) ?? [];
      if (url !== undefined) started.resolve(url);
    }
    started.reject(new Error(`the server ended: ${told}`));
  })();
  return {
    url: await started.promise,
    async stop() {
      process.kill("SIGTERM");
      await Promise.all([process.status, reading, output]);
      assert.doesNotMatch(told, /NotCapable|Requires \w+ access/);
    },
  };
}

async function readAsked(folder: string): Promise<Asked[]> {
  const texts = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name), "utf8")));
  return texts.flatMap((text) => text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line)));
}

Deno.test({
  name: "with the fewest permissions, flow does all that people do with it; only /proc of Linux stays closed",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const { codes, asked } = await observe(permissionFlags("macos"));
    assert.deepEqual(Object.entries(codes).filter(([, code]) => code !== 0), []);
    // Whether programs may be run is nothing that the runtime writes down.
    const kinds = ["env", "net", "read", "sys", "write"];
    assert.deepEqual([...new Set(asked.map(({ permission }) => permission))].sort(), kinds);
    // The home folder is not asked for here, because root, and whoever sets FLOW_CACHE_DIR, has another cache.
    const system = new Set(asked.flatMap(({ permission, value }) => permission === "sys" ? [value ?? "all"] : []));
    assert.ok(system.size > 1);
    assert.deepEqual([...system.difference(new Set<string>(SYSTEM_CALLS))], []);
    const special = asked.filter(({ permission, value }) =>
      permission === "read" && /^\/(proc|sys|dev)\//.test(value ?? "")
    );
    assert.deepEqual(special.filter(({ value }) => !value?.startsWith("/proc/")), []);
    assert.ok(special.length > 0, "without /proc Linux could do with fewer permissions too");
  },
});

Deno.test("no executable may ask for permissions while it runs, and only those for Linux may load libraries", () => {
  // All other tests run with these.
  assert.deepEqual(permissionFlags("linux"), ["--no-prompt", "--allow-all"]);
  for (const os of ["linux", "macos", "windows"] as const) assert.ok(permissionFlags(os).includes("--no-prompt"));
  for (const os of ["macos", "windows"] as const) {
    const flags = permissionFlags(os);
    assert.deepEqual(flags.filter((flag) => /allow-(all|ffi|import)/.test(flag)), []);
    assert.ok(flags.includes("--deny-import"));
  }
});
