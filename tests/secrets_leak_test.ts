import assert from "node:assert/strict";
import { readFile, stat, writeFile } from "node:fs/promises";
import { type CliOptions, startFlow } from "./support/cli.ts";
import { type History, withHistory } from "./support/history.ts";
import { openHttpServer } from "./support/http_server.ts";
import { findLeaks, readFolder, type Trace } from "./support/leaks.ts";

const TOKEN = `s3cr3t/"tok+en'ü& of mine`;
const HEADER = "h3ader-t0ken-9876543210";
const PEM = `-----BEGIN PRIVATE KEY-----
${["MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj", "c0cn/x/Y8rCIQQ9oGJ8VvO9D"].join("\n")}
-----END PRIVATE KEY-----`;
const PIN = "90817263544536271809";
const SECRETS = [TOKEN, HEADER, PEM, PIN];
const DOTENV = `TOKEN=\`${TOKEN}\`\nHEADER=${HEADER}\nPEM="${PEM}"\nPIN=${PIN}\n`;

const NODES = `import { anyPorts, defineNode, FlowError, z } from "flowengine";
export const nodes = [defineNode({
  type: "leak.everything", version: 1, summary: "Tells all it knows", category: "test",
  config: { token: z.string(), pem: z.string(), fail: z.boolean().default(false) },
  inputs: anyPorts(), outputs: anyPorts(),
  run({ config: { token, pem, fail }, ...ctx }) {
    console.log("console", token, { token });
    ctx.log(token);
    ctx.log("<" + encodeURIComponent(token) + ">", "warning");
    ctx.progress(50, "half of " + token);
    ctx.data(token, { [token]: [pem, new TextEncoder().encode(token)] });
    for (const line of pem.split("\\n")) ctx.stdout("  " + line);
    for (const half of [token.slice(0, 9), token.slice(9)]) ctx.stderr(half);
    if (fail) throw new FlowError("node_failed", "No " + token, { hint: "Try " + pem, details: { [token]: { pem } } });
    return { [token]: [{ [pem]: token }], bytes: new TextEncoder().encode("a" + pem) };
  },
}), defineNode({
  type: "leak.stray", version: 1, summary: "Forgets an error", category: "test", config: { token: z.string() },
  inputs: anyPorts(), outputs: anyPorts(),
  async run({ config: { token }, sleep }) {
    Promise.reject(new Error("forgotten " + token, { cause: token }));
    await sleep(60_000);
    return {};
  },
})];
`;

const FAILS = { continue_on_error: true };

function shell(id: string, command: string, more: object = {}, config: object = {}) {
  const env = {
    TOKEN: "${{ secrets.TOKEN }}",
    HEADER: "${{ secrets.HEADER }}",
    PEM: "${{ secrets.PEM }}",
    PIN: "${{ secrets.PIN }}",
    JSON: "${{ $string({'token': secrets.TOKEN, 'inner': $string([secrets.PEM]), secrets.HEADER: 1}) }}",
    URL: "${{ $encodeUrlComponent(secrets.TOKEN) }}",
    HALF: "${{ $substring(secrets.TOKEN, 0, 9) }}",
    REST: "${{ $substring(secrets.TOKEN, 9) }}",
  };
  return { id, node_type: "shell.exec", config: { command, shell: true, env, ...config }, ...more };
}

function node(id: string, node_type: string, config: object, more: object = {}) {
  return { id, node_type, config, ...more };
}

const X = "head -c 200000 /dev/zero | tr '\\0' x";

/** Nodes that try to get secrets into the history; each behind `have`, all before `wait`. */
function leakyWorkflow(url: string) {
  const all = { token: "${{ secrets.TOKEN }}", pem: "${{ secrets.PEM }}" };
  const authorization = "Basic ${{ $base64encode('user:' & secrets.HEADER) }}";
  const attempts = [
    shell("echo", `echo "out $TOKEN"; echo "err $TOKEN" >&2; echo "$PEM"; echo "$PEM" >&2`),
    shell("split", `printf %s "$HALF"; printf %s "$HALF" >&2; sleep 0.1; echo "$REST"; echo "$REST" >&2`),
    shell("json", `echo "$JSON"`),
    shell("number", `echo "$PIN"`),
    shell(
      "encoded",
      `echo "$URL"; printf %s "$PEM" | base64; printf %s "u:$HEADER:p" | base64; printf %s "$TOKEN" | od -An -tx1 -v | tr -d ' '`,
    ),
    shell("large", `${X}; printf %s "$TOKEN"; ${X}; printf %s "$PEM" | tr -d '\\n'`),
    shell("trace", `set -x; true "$TOKEN" "$PEM"`),
    shell("exit", `echo "fatal: $TOKEN" >&2; exit 3`, { ...FAILS, retry_policy: { max_attempts: 2, delay_ms: 1 } }),
    shell("long_reason", `printf %0180d 0 >&2; echo "$PEM" | tr -d '\\n' >&2; exit 4`, FAILS),
    shell("cached", `echo "$TOKEN"`, { cache: { ttl_seconds: 600 } }),
    node("program", "shell.exec", { command: "${{ secrets.HEADER }}" }, FAILS),
    node("config", "shell.exec", { command: "true", timeout: "${{ secrets.TOKEN }}" }, FAILS),
    node("expression", "shell.exec", { command: "${{ $error('no ' & secrets.TOKEN) }}" }, FAILS),
    node("everything", "leak.everything", all),
    node("everything_fails", "leak.everything", { ...all, fail: true }, FAILS),
    node("http", "http.request", { url, headers: { authorization, "x-token": "${{ secrets.HEADER }}" } }),
    node("http_fails", "http.request", { url: `${url}/fail`, headers: { authorization } }, FAILS),
    node("http_url", "http.request", { url: "http://127.0.0.1:1/${{ $encodeUrlComponent(secrets.TOKEN) }}" }, FAILS),
    node("log", "debug.log", {}),
  ];
  const names = attempts.map(({ id }) => id);
  return {
    id: "leaky",
    name: "Leaky",
    settings: { on_error: "ContinueOnError" },
    nodes: [
      shell("have", `printf %s "$TOKEN" > token; printf %s "$PEM" > pem`),
      ...attempts.map((attempt) => ({ ...attempt, depends_on: ["have"] })),
      shell("wait", `echo "$TOKEN waits"; while [ ! -e go ]; do sleep 0.05; done; echo "$PEM"`, {
        depends_on: names,
        run_if: "always",
        timeout_ms: 30_000,
      }),
    ],
    connections: [{ from_node: "echo", from_port: "stdout", to_node: "log", to_port: "message" }],
  };
}

/** Runs commands and keeps what they print. */
class Hunt {
  readonly traces: Trace[] = [];
  readonly #history: History;

  constructor(history: History) {
    this.#history = history;
  }

  async flow(args: readonly string[], options: CliOptions = {}): Promise<string> {
    const { stdout, stderr } = await this.#history.flow(args, options);
    this.traces.push({ name: `flow ${args.join(" ")}`, bytes: new TextEncoder().encode(`${stdout}\n${stderr}`) });
    return stdout + stderr;
  }
}

/** What kills `flow` as soon as the last node waits. */
const killed: CliOptions = {
  onStderr: (text, process) => {
    if (!text.includes(" waits")) return;
    try {
      process.kill("SIGKILL");
    } catch {
      // It is gone already.
    }
  },
};

Deno.test("no secret is left in the database or on the terminal, whatever nodes do with it, also after kill -9", async () => {
  const server = openHttpServer(({ url, headers }) => {
    const told = { ...Object.fromEntries(headers), url };
    const authorization = headers.get("authorization") ?? "";
    const status = url.endsWith("/fail") ? 500 : 200;
    return Response.json(told, { status, headers: { "x-authorization": authorization } });
  });
  try {
    const files = { "leaky.json": leakyWorkflow(server.url), "nodes.ts": NODES, secrets: DOTENV };
    await withHistory(files, async (history) => {
      const hunt = new Hunt(history);
      const more = ["--secrets-file", "secrets", "--nodes", "nodes.ts"];
      const first = await hunt.flow(["run", "leaky.json", "--verbose", ...more], killed);
      assert.match(first, /\*\*\* waits/);
      assert.deepEqual(await Promise.all([read(history, "token"), read(history, "pem")]), [TOKEN, PEM]);
      await checkTraces(history, hunt);

      await writeFile(history.path("go"), "");
      await hunt.flow(["resume", "last", "--verbose", ...more]);
      await hunt.flow(["run", "leaky.json", "--json", "--verbose", "--debug", ...more]);
      await hunt.flow(["rerun", "last", "--from", "echo", ...more]);
      await hunt.flow(["rerun", "last", "--dry-run"]);
      for (const command of ["executions show", "executions logs", "explain"]) {
        await hunt.flow([...command.split(" "), "last"]);
        await hunt.flow([...command.split(" "), "last", "--json"]);
      }
      await hunt.flow(["executions", "list", "--json"]);
      await hunt.flow(["cache", "list", "--json"]);
      await checkTraces(history, hunt);
      await checkMasked(history);
    });
  } finally {
    await server.close();
  }
});

async function read(history: History, name: string): Promise<string> {
  return await readFile(history.path(name), "utf8");
}

async function checkTraces(history: History, hunt: Hunt): Promise<void> {
  const files = await readFolder(history.path("state"));
  assert.ok(files.some(({ name }) => name.endsWith("flow.db")), "the database is among them");
  assert.deepEqual(findLeaks([...files, ...hunt.traces], SECRETS), []);
}

/** That all of them ran, and what they answered. */
async function checkMasked({ flow }: History): Promise<void> {
  const { stdout } = await flow(["executions", "show", "last", "--json"]);
  const { nodes } = JSON.parse(stdout) as { nodes: { node_id: string; status: string; error?: { message: string } }[] };
  const failed = nodes.filter(({ error }) => error !== undefined);
  const messages = Object.fromEntries(failed.map(({ node_id, error }) => [node_id, error?.message ?? ""]));
  assert.deepEqual(Object.keys(messages).sort(), [
    "config",
    "everything_fails",
    "exit",
    "expression",
    "http_fails",
    "http_url",
    "long_reason",
    "program",
  ]);
  assert.match(messages.exit ?? "", /exited with code 3: fatal: \*\*\*$/);
  assert.match(messages.long_reason ?? "", /: 0+\*\*\*$/, "what is cut off in the middle of a secret is masked");
  assert.match(messages.program ?? "", /"\*\*\*"/);
  assert.equal(messages.everything_fails, "No ***");
}

Deno.test("an error that a node forgets to handle is masked on its way to the terminal", async () => {
  const workflow = { id: "w", name: "w", nodes: [node("a", "leak.stray", { token: "${{ secrets.TOKEN }}" })] };
  await withHistory({ "w.json": workflow, "nodes.ts": NODES, secrets: DOTENV }, async (history) => {
    const hunt = new Hunt(history);
    for (const flags of [[], ["--debug"], ["--json"]]) {
      const shown = await hunt.flow(["run", "w.json", "--nodes", "nodes.ts", "--secrets-file", "secrets", ...flags]);
      assert.match(shown, /forgotten \*\*\*/);
    }
    await checkTraces(history, hunt);
  });
});

Deno.test("a server answers nothing that holds a secret of its own", async () => {
  const workflow = { id: "w", name: "w", nodes: [shell("a", `echo "$HEADER"; echo "$PEM" >&2; exit 3`)] };
  const env = { FLOW_SECRETS_FILE: "secrets", FLOW_DB: "state.db", FLOW_TOKEN: "" };
  await withHistory({ "w.json": workflow, secrets: DOTENV }, async (history) => {
    const server = startFlow(["serve", "--port", "0"], { cwd: history.path(""), env });
    const told = server.stderr.text();
    const [forUrl, forText] = server.stdout.tee();
    const printed = new Response(forText).text();
    const hunt = new Hunt(history);
    try {
      const url = await firstLine(forUrl);
      const shown = await hunt.flow(["run", "w.json", "--server", url, "--verbose"]);
      assert.match(shown, /exited with code 3: \*\*\*/);
      const id = /execution ([0-9a-f-]{36})/.exec(shown)?.[1] ?? "";
      for (const path of ["", `/${id}`, `/${id}/logs`, `/${id}/events`]) {
        const response = await fetch(`${url}/api/executions${path}`, { signal: AbortSignal.timeout(20_000) });
        hunt.traces.push({ name: path, bytes: new Uint8Array(await response.arrayBuffer()) });
        assert.equal(response.status, 200, path);
      }
    } finally {
      server.kill("SIGTERM");
      await server.status;
      await Promise.all([told, printed]);
    }
    hunt.traces.push({ name: "told by the server", bytes: new TextEncoder().encode(await told + await printed) });
    hunt.traces.push({ name: "state.db", bytes: await readFile(history.path("state.db")) });
    assert.deepEqual(findLeaks(hunt.traces, SECRETS), []);
  });
});

async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (text.includes("\n")) break;
  }
  return text.split("\n")[0] ?? "";
}

Deno.test("a secret that is cut at the limit of what is kept of an output is masked on both sides", async () => {
  const command =
    `printf %0500d 0; printf %s "$PEM" | tr -d '\\n'; printf %0500d 0; printf %s "$PEM" | tr -d '\\n'; printf %0490d 0`;
  const workflow = { id: "w", name: "w", nodes: [shell("a", command, {}, { max_output_bytes: 1024 })] };
  await withHistory({ "w.json": workflow, secrets: DOTENV }, async ({ flow, path }) => {
    const { stdout, stderr } = await flow(["run", "w.json", "--secrets-file", "secrets", "--json"]);
    const completed = stdout.split("\n").find((line) => line.includes("NodeCompleted"));
    assert.match(
      JSON.parse(completed ?? stderr).outputs.stdout,
      /^0{500}\*\*\*\n\[\.\.\. \d+ bytes truncated \.\.\.\]\n\*\*\*0{490}$/,
    );
    assert.ok((await stat(path("secrets"))).isFile());
  });
});

Deno.test("the hunt finds what is left of a secret in every form", () => {
  const traces = [TOKEN, JSON.stringify({ TOKEN }), encodeURIComponent(TOKEN), btoa(`x${HEADER}`), PEM.slice(9, 99)];
  for (const text of traces) {
    const found = findLeaks([{ name: "trace", bytes: new TextEncoder().encode(`... ${text} ...`) }], SECRETS);
    assert.ok(found.length > 0, text);
  }
});
