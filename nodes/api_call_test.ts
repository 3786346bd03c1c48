import assert from "node:assert/strict";
import { FlowError } from "../engine/errors.ts";
import type { Values } from "../engine/value.ts";
import { getPlatform } from "../platform/mod.ts";
import type { Platform } from "../platform/types.ts";
import { nodeContract } from "../tests/contracts/node_contract.ts";
import { openHttpServer } from "../tests/support/http_server.ts";
import { linesOf, messagesOf, type NodeRun, runNode } from "../tests/support/node_harness.ts";
import { openPackageIndex, type PackageIndex } from "../tests/support/package_index.ts";
import { sandboxObstacle, sandboxTest } from "../tests/support/sandbox.ts";
import { createApiCall } from "./api_call.ts";

const apiCall = createApiCall(getPlatform());

if (sandboxObstacle === undefined) {
  nodeContract({
    definition: apiCall,
    quick: { config: { script: "print(1)", sandbox: "local" } },
    slow: { config: { script: "import time; time.sleep(3600)", sandbox: "local" } },
    refused: [
      { script: "" },
      { packages: "six" },
      { packages: ["--index-url=http://evil"] },
      { packages: ["-r /etc/passwd"] },
      { packages: ["a\n--option"] },
      { packages: ["/etc/package"] },
      { env: { PORT: 1 } },
      { timeout: 0 },
      { memory_mb: 1 },
      { sandbox: "none" },
    ],
  });
}

function call(script: string, config: Record<string, unknown> = {}, inputs: Values = {}): Promise<NodeRun> {
  return runNode(apiCall, { config: { script, sandbox: "local", ...config }, inputs });
}

async function failureOf(run: Promise<unknown>): Promise<FlowError> {
  const error = await run.then(() => undefined, (thrown: unknown) => thrown);
  assert.ok(error instanceof FlowError, "it fails with an error of ours");
  return error;
}

sandboxTest("apiCall gives the last line as a value, and all that the script wrote", async () => {
  const { outputs } = await call(
    "import sys\nprint('working')\nprint('{\"a\": [1, null]}')\nprint('note', file=sys.stderr)",
  );
  assert.deepEqual(outputs, {
    output: { a: [1, null] },
    stdout: 'working\n{"a": [1, null]}',
    stderr: "note",
    exit_code: 0,
  });
  assert.equal((await call("print('{not json')")).outputs["output"], "{not json");
  assert.equal((await call("pass")).outputs["output"], null);
});

sandboxTest("apiCall passes inputs as variables and as JSON", async () => {
  const script = `import json, os
inputs = json.load(open(os.environ["FLOW_INPUTS"]))
print(json.dumps([os.environ["ORDER_ID"], os.environ["ITEMS"], os.environ["MODE"], "LONG" in os.environ,
  inputs["items"], len(inputs["long"]), inputs["größe"]], ensure_ascii=False))`;
  const inputs = { "order-id": 7, items: [{ a: 1 }], long: "x".repeat(200_000), "größe": "☃" };
  const { outputs } = await call(script, { env: { MODE: "test" } }, inputs);
  assert.deepEqual(outputs["output"], ["7", '[{"a":1}]', "test", false, [{ a: 1 }], 200_000, "☃"]);
});

sandboxTest("apiCall talks to servers, and shows lines as they come", async () => {
  const server = openHttpServer(() => Response.json({ temperature: 21 }));
  try {
    const script = `import os, json, urllib.request
print("asking")
print(json.dumps(json.load(urllib.request.urlopen(os.environ["URL"]))))`;
    const { outputs, events } = await runNode(apiCall, {
      config: { script, sandbox: "local" },
      inputs: { url: server.url },
      verbose: true,
    });
    assert.deepEqual(outputs["output"], { temperature: 21 });
    assert.deepEqual(linesOf(events, "StdoutLine"), ["asking", '{"temperature": 21}']);
  } finally {
    await server.close();
  }
});

sandboxTest("apiCall fails with the exception, and has the traceback", async () => {
  const error = await failureOf(
    call(
      "def load():\n    return {}['id']\n\ntry:\n    load()\nexcept KeyError as e:\n    raise ValueError('bad ☃') from e",
    ),
  );
  assert.equal(error.code, "exit_code");
  assert.equal(error.message, "The Python script failed: ValueError: bad ☃");
  assert.match(
    String(error.details?.["traceback"]),
    /^Traceback[^]*script.py", line 2, in load[^]*KeyError: 'id'[^]*ValueError/,
  );
  const syntax = await failureOf(call("x = = 1"));
  assert.equal(syntax.message, "The Python script failed: SyntaxError: invalid syntax");
  assert.match(String(syntax.details?.["traceback"]), /^ {2}File "\/tmp\/flow\/script.py", line 1\n/);
  const quiet = await failureOf(call("import sys; sys.exit(3)"));
  assert.equal(quiet.message, "The Python script exited with code 3");
  assert.equal(quiet.details?.["exit_code"], 3);
  const long = await failureOf(call(
    "import atexit\natexit.register(print, 'bye', file=__import__('sys').stderr)\n" +
      "raise ValueError('2 errors\\n  name: missing\\nSee the manual')",
  ));
  assert.equal(long.message, "The Python script failed: ValueError: 2 errors");
  assert.match(String(long.details?.["traceback"]), /See the manual/);
  const missing = await failureOf(call("import no_such_module.part"));
  assert.equal(missing.hint, 'Add the package that has "no_such_module" to packages.');
  const greedy = await failureOf(call("x = bytearray(10**9)", { memory_mb: 64 }));
  assert.equal(greedy.hint, "Raise memory_mb.");
  const slow = await failureOf(call("while True: pass", { timeout: 0.5 }));
  assert.equal(slow.code, "timeout");
});

/** Hands over nodes with a package cache of their own, and an index. */
async function withIndex(
  work: (tools: { open: () => ReturnType<typeof createApiCall>; index: PackageIndex; cache: string }) => Promise<void>,
): Promise<void> {
  const cache = await Deno.makeTempDir();
  await Deno.chmod(cache, 0o755);
  const index = await openPackageIndex();
  const platform = getPlatform();
  const withCache: Platform = {
    ...platform,
    env: (name) => name === "FLOW_CACHE_DIR" ? cache : platform.env(name),
    envAll: () => ({ PIP_INDEX_URL: index.url, PIP_CONFIG_FILE: "/dev/null" }),
  };
  try {
    await work({ open: () => createApiCall(withCache), index, cache: `${cache}/python` });
  } finally {
    await index.close();
    await Deno.remove(cache, { recursive: true });
  }
}

const GREET = "import json, flow_greeting\nprint(json.dumps(flow_greeting.greet('Ada')))";
const listFolder = (path: string) => Array.from(Deno.readDirSync(path), ({ name }) => name);

sandboxTest(
  "apiCall installs a set of packages once, also for many nodes and engines at once",
  () =>
    withIndex(async ({ open, index, cache }) => {
      const [first, second] = [open(), open()];
      const config = { script: GREET, packages: ["flow-greeting==1.0"], sandbox: "local" };
      const runs = await Promise.all([first, second, first, second].map((node) => runNode(node, { config })));
      assert.deepEqual(runs.map(({ outputs }) => outputs["output"]), Array(4).fill("Hello, Ada!"));
      assert.equal(index.downloads(), 1);
      const told = runs.flatMap(({ events }) => messagesOf(events, "Info"));
      assert.deepEqual(told, ["Installing flow-greeting==1.0"]);
      assert.equal(listFolder(cache).length, 1);
      const later = await runNode(open(), { config });
      assert.equal(later.outputs["output"], "Hello, Ada!");
      assert.deepEqual([index.downloads(), later.events], [1, []]);
      const spoil = "open('/home/venv/lib/x', 'w')";
      await assert.rejects(runNode(first, { config: { ...config, script: spoil } }), /Read-only file system/);
    }),
);

sandboxTest(
  "apiCall says which package cannot be installed, and keeps nothing of it",
  () =>
    withIndex(async ({ open, cache }) => {
      const config = { script: "pass", packages: ["no-such-package"], sandbox: "local" };
      const error = await failureOf(runNode(open(), { config }));
      assert.match(error.message, /^Cannot install "no-such-package": .*no-such-package/);
      assert.equal(error.retryable, false);
      assert.deepEqual(listFolder(cache), []);
    }),
);

sandboxTest(
  "apiCall takes over from one that was cancelled or killed while it installed",
  () =>
    withIndex(async ({ open, index, cache }) => {
      const config = { script: GREET, packages: ["flow-greeting"], sandbox: "local" };
      const controller = new AbortController();
      const reason = new FlowError("cancelled", "Cancelled by a test");
      const first = runNode(open(), { config, signal: controller.signal, onEvent: () => controller.abort(reason) });
      await assert.rejects(first, reason);
      assert.deepEqual(listFolder(cache), []);
      await runNode(open(), { config });
      const [key = ""] = listFolder(cache);
      await Deno.remove(`${cache}/${key}`, { recursive: true });
      await Deno.mkdir(`${cache}/${key}.draft/lib`, { recursive: true });
      await Deno.writeTextFile(`${cache}/${key}.lock`, "999999 boot:gone");
      const { outputs } = await runNode(open(), { config });
      assert.equal(outputs["output"], "Hello, Ada!");
      assert.deepEqual(listFolder(cache), [key]);
      assert.equal(index.downloads(), 2);
      await Deno.remove(`${cache}/${key}/bin`, { recursive: true });
      assert.equal((await runNode(open(), { config })).outputs["output"], "Hello, Ada!", "what is left is replaced");
      assert.equal(index.downloads(), 3);
    }),
);
