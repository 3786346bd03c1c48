import assert from "node:assert/strict";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { runFlowInTerminal, startFlow, whyNoTerminal, withFiles } from "./support/cli.ts";

/** How long something may take that has to come. */
const PATIENCE_MS = 30_000;

/** A `flow dev` that runs, and what it tells. */
class Dev {
  readonly #process: Deno.ChildProcess;
  #stderr = "";
  #stdout = "";
  #seen = 0;
  #onText: () => void = () => {};
  readonly #done: Promise<unknown>;

  constructor(args: readonly string[], cwd: string) {
    this.#process = startFlow(["dev", ...args], { cwd, env: { XDG_STATE_HOME: cwd } });
    this.#done = Promise.all([
      this.#read(this.#process.stderr, (text) => this.#stderr += text),
      this.#read(this.#process.stdout, (text) => this.#stdout += text),
    ]);
  }

  get stdout(): string {
    return this.#stdout;
  }

  async #read(stream: ReadableStream<Uint8Array>, add: (text: string) => void): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      add(text);
      this.#onText();
    }
    this.#onText();
  }

  /** Waits for the next text that is `wanted`; answers all that came up to it. */
  async next(wanted: RegExp): Promise<string> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const rest = this.#stderr.slice(this.#seen);
      const match = wanted.exec(rest);
      if (match !== null) {
        const end = match.index + match[0].length;
        this.#seen += end;
        return rest.slice(0, end);
      }
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`${wanted} did not come:\n${rest}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#onText = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  async interrupt(): Promise<{ code: number; rest: string }> {
    this.#process.kill("SIGINT");
    const { code } = await this.#process.status;
    await this.#done;
    return { code, rest: this.#stderr.slice(this.#seen) };
  }

  /** Makes sure that it is gone. */
  async end(): Promise<void> {
    try {
      this.#process.kill("SIGKILL");
    } catch {
      // It is.
    }
    await this.#process.status;
    await this.#done;
  }
}

const WAITING = /Waiting for changes; Ctrl-C ends\n/;

/** Nodes that write their names into a file when they run, one after the other. */
function chain(commands: Readonly<Record<string, string>>) {
  const ids = Object.keys(commands);
  return {
    id: "chain",
    nodes: ids.map((id) => ({
      id,
      node_type: "shell.exec",
      config: { shell: true, command: `echo ${id} >> ran; ${commands[id]}` },
    })),
    connections: ids.slice(1).map((id, index) => ({
      from_node: ids[index],
      from_port: "stdout",
      to_node: id,
      to_port: "stdin",
    })),
  };
}

/** As many editors save: a new file takes the place of the old one. */
async function save(path: string, content: unknown): Promise<void> {
  await writeFile(`${path}~new`, typeof content === "string" ? content : JSON.stringify(content));
  await rename(`${path}~new`, path);
}

async function withDev(
  files: Record<string, unknown>,
  args: readonly string[],
  test: (dev: Dev, path: (name: string) => string, ran: () => Promise<string[]>) => Promise<void>,
): Promise<void> {
  await withFiles(files, async (path) => {
    const dev = new Dev(args, path(""));
    const ran = async () => {
      const lines = (await readFile(path("ran"), "utf8").catch(() => "")).split("\n").filter((line) => line !== "");
      await rm(path("ran"), { force: true });
      return lines;
    };
    try {
      await test(dev, path, ran);
    } finally {
      await dev.end();
    }
  });
}

const onUnix = Deno.build.os === "windows" ? Deno.test.ignore : Deno.test;

for (const store of [[], ["--no-store"]]) {
  onUnix(`flow dev ${store.join("")} runs again only what has changed, shows mistakes, and goes on`, async () => {
    const first = chain({ a: "echo 1", b: "cat", c: "cat" });
    await withDev({ "w.json": first }, ["w.json", ...store], async (dev, path, ran) => {
      const begin = await dev.next(WAITING);
      assert.match(begin, /running 3 nodes\n {2}✓ a {2}.*\n {2}✓ b .*\n {2}✓ c .*\n.* succeeded in /);
      assert.deepEqual(await ran(), ["a", "b", "c"]);

      await save(path("w.json"), chain({ a: "echo 1", b: "cat; echo 2", c: "cat" }));
      const second = await dev.next(WAITING);
      assert.match(
        second,
        /running 2 of 3 nodes \(b: definition changed; c: behind "b"\), 1 reused\n {2}✓ b .*\n {2}✓ c .*\n.* succeeded/,
      );
      assert.deepEqual(await ran(), ["b", "c"]);

      await save(path("w.json"), '{"nodes": [}');
      await dev.next(/w\.json:1:12: error: Cannot read the JSON/);
      await save(path("w.json"), chain({ a: "echo 1", b: "cat; echo 2", c: "exit 3" }));
      const failed = await dev.next(WAITING);
      assert.match(failed, /running 1 of 3 nodes \(c: definition changed\), 2 reused\n {2}✗ c .*exited with code 3/);
      assert.deepEqual(await ran(), ["c"]);

      await rm(path("w.json"));
      await dev.next(/Cannot read "w\.json": there is no such file/);
      await writeFile(path("w.json"), JSON.stringify(chain({ a: "echo 1", b: "cat; echo 2", c: "cat" }), null, 2));
      assert.match(await dev.next(WAITING), /running 1 of 3 nodes \(c: .*\), 2 reused/);
      assert.deepEqual(await ran(), ["c"]);

      await save(path("w.json"), JSON.stringify(chain({ a: "echo 1", b: "cat; echo 2", c: "cat" })));
      await dev.next(/Nothing that matters has changed/);
      const { code, rest } = await dev.interrupt();
      assert.deepEqual([code, rest], [130, "\n"]);
      assert.deepEqual(await ran(), []);
    });
  });
}

Deno.test("flow dev says which item it tells of", async () => {
  const each = { id: "each", node_type: "debug.log", map: { items: ["a"] }, inputs: { message: "${{ item }}" } };
  await withDev({ "w.json": { id: "w", nodes: [each] } }, ["w.json", "--no-store"], async (dev) => {
    assert.match(await dev.next(WAITING), / {4}each\[0\] \| a\n {2}✓ each\[0\] {2}\S+\n {2}✓ each {2}\S+\n/);
    await dev.interrupt();
  });
});

onUnix("flow dev cancels what runs when there is something new to run, and when it is interrupted", async () => {
  const slow = chain({ a: "echo 1", b: "echo $$ > pid; exec sleep 600" });
  await withDev({ "w.json": slow }, ["w.json", "--no-store"], async (dev, path) => {
    await dev.next(/✓ a /);
    const pid = await readPid(path("pid"));
    await save(path("w.json"), "{ not yet");
    await dev.next(/w\.json:1:3: error:/);
    assert.ok(isAlive(pid), "a mistake cancels nothing");
    await save(path("w.json"), chain({ a: "echo 1", b: "echo now" }));
    const changed = await dev.next(WAITING);
    assert.match(changed, /⊘ b .*The workflow has changed/);
    assert.match(changed, /running 1 of 2 nodes \(b: definition changed\), 1 reused\n {2}✓ b /);
    assert.ok(!isAlive(pid));
    assert.deepEqual(JSON.parse(dev.stdout).b.stdout, "now");

    await rm(path("pid"));
    await save(path("w.json"), slow);
    await dev.next(/running 1 of 2 nodes/);
    const again = await readPid(path("pid"));
    const { code, rest } = await dev.interrupt();
    assert.equal(code, 130);
    assert.match(rest, /cancelled in /);
    assert.ok(!isAlive(again));
  });
});

onUnix("flow dev runs again for other inputs, for files that nodes depend on, and for code", async () => {
  const module = (word: string) =>
    `import { defineNode } from "flowengine";
export const nodes = [defineNode({
  type: "my.say", version: 1, summary: "Say", category: "my", config: {}, inputs: {}, outputs: {},
  run: ({ log }) => { log("${word}"); return {}; },
})];
export const workflow = {
  inputs: { n: { type: "integer" } },
  nodes: [
    { id: "say", node_type: "my.say" },
    { id: "count", node_type: "shell.exec", config: { command: "echo", args: ["\${{ $string(inputs.n) }}"] } },
  ],
};
`;
  const args = ["w.ts", "--input", "@in.json", "--watch", "data", "--no-store"];
  await withDev({ "w.ts": module("one"), "in.json": { n: 1 } }, args, async (dev, path) => {
    await mkdir(path("data"), { recursive: true });
    assert.match(await dev.next(WAITING), /say \| one/);
    await save(path("in.json"), { n: 2 });
    const inputs = await dev.next(WAITING);
    assert.match(inputs, /running 1 of 2 nodes \(count: inputs changed\), 1 reused/);
    await save(path("w.ts"), module("two"));
    const code = await dev.next(WAITING);
    assert.match(code, /running 1 of 2 nodes \(say: code changed\), 1 reused[^]*say \| two/);
    await writeFile(path("in.json"), '{"n": "many"}');
    await dev.next(/Input "n" is "many", expected an integer/);
    await writeFile(path("in.json"), '{"n": 2}');
    await dev.next(WAITING);
  });
});

onUnix("flow dev --watch runs all nodes again when a file below a folder changes", async () => {
  await withFiles({ "w.json": chain({ a: "cat data/x/y" }) }, async (path) => {
    await mkdir(path("data/x"), { recursive: true });
    await writeFile(path("data/x/y"), "1");
    const dev = new Dev(["w.json", "--watch", "data", "--no-store"], path(""));
    try {
      await dev.next(WAITING);
      await writeFile(path("data/x/y"), "2");
      assert.match(await dev.next(WAITING), /running 1 node\n/);
      assert.match(dev.stdout, /"stdout": "2"/);
      assert.equal((await dev.interrupt()).code, 130);
    } finally {
      await dev.end();
    }
  });
});

onUnix("flow dev runs the nodes again whose called documents change, however deep", async () => {
  const calls = (file: string) => ({ id: "call", node_type: "flow.call", config: { file } });
  const files = {
    "w.json": { nodes: [calls("outer.json"), ...chain({ other: "true" }).nodes] },
    "outer.json": { nodes: [calls("inner.json")] },
    "inner.json": chain({ a: "true" }),
  };
  await withDev(files, ["w.json"], async (dev, path, ran) => {
    await dev.next(WAITING);
    assert.deepEqual((await ran()).sort(), ["a", "other"]);
    await save(path("inner.json"), chain({ b: "true" }));
    assert.match(await dev.next(WAITING), /running 1 of 2 nodes \(call: what it calls has changed\), 1 reused/);
    assert.deepEqual(await ran(), ["b"]);
    await save(path("outer.json"), chain({ c: "true" }));
    await dev.next(WAITING);
    assert.deepEqual(await ran(), ["c"]);
  });
});

async function readPid(path: string): Promise<number> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const pid = Number(await readFile(path, "utf8").catch(() => ""));
    if (pid > 0) return pid;
    assert.ok(Date.now() < deadline, `${path} did not come`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function isAlive(pid: number): boolean {
  try {
    Deno.kill(pid, "SIGCONT");
    return true;
  } catch {
    return false;
  }
}

const noTerminal = whyNoTerminal();
if (noTerminal !== undefined) console.warn(`flow dev is not tested in a terminal: ${noTerminal}`);

Deno.test({
  name: "flow dev in a terminal shows marks, results and how to end it, and Ctrl-C ends it",
  ignore: noTerminal !== undefined,
  fn: async () => {
    const echo = { nodes: [{ id: "a", node_type: "shell.exec", config: { command: "echo", args: ["1"] } }] };
    await withFiles({ "w.json": echo }, async (path) => {
      const { code, screen } = await runFlowInTerminal(["dev", path("w.json"), "--no-store"], {
        steps: [["Ctrl-C ends", "send:\\x03"]],
      });
      assert.equal(code, 130);
      const text = screen.lines.join("\n");
      assert.match(text, /running 1 node\n {2}✓ a {2}\d+ms\n.* succeeded in /);
      assert.match(text, /Waiting for changes; Ctrl-C ends/);
    });
  },
});
