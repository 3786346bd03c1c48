import assert from "node:assert/strict";
// @ts-types="@types/ws"
import { WebSocket as OtherWebSocket } from "ws";
import { runFlow, shellWorkflow } from "./support/cli.ts";
import { whyNoProgram } from "./support/installed.ts";
import { curl, type ServeProcess, withJson, withServe } from "./support/serve_process.ts";
import { withFolder } from "./support/temp_folder.ts";

const missing = whyNoProgram("curl");
if (missing !== undefined) console.warn(`The security tests of the server are skipped: ${missing}`);

const ADMIN = "admin-token-0123456789";
const asAdmin = ["-H", `Authorization: Bearer ${ADMIN}`];

interface Lab extends ServeProcess {
  folder: string;
  /** Makes a token in the database of the server. */
  createToken(...flags: string[]): Promise<string>;
}

function test(
  name: string,
  run: (server: Lab) => Promise<void>,
  flags: string[] = [],
  env = { FLOW_TOKEN: ADMIN },
): void {
  Deno.test({
    name,
    ignore: missing !== undefined,
    fn: () =>
      withFolder((folder) =>
        withServe({ folder, flags, env }, async (server) => {
          const createToken = async (...args: string[]) => {
            const { stdout } = await runFlow(["tokens", "create", "--db", `${folder}/flow.db`, ...args]);
            return stdout.trim();
          };
          await run({ ...server, folder, createToken });
        })
      ),
  });
}

function bearer(token: string): string[] {
  return ["-H", `Authorization: Bearer ${token}`];
}

function rssOf(pid: number): number {
  const [, kib] = /^VmRSS:\s+(\d+)/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`)) ?? [];
  return Number(kib) / 1024;
}

Deno.test("flow serve refuses to listen beyond this machine without a token, and a token that can be guessed", async () => {
  await withFolder(async (folder) => {
    const serve = (flags: string[], env = {}) =>
      runFlow(["serve", "--db", `${folder}/flow.db`, ...flags], { env: { FLOW_TOKEN: "", ...env } });
    const open = await serve(["--host", "0.0.0.0", "--port", "0"]);
    assert.equal(open.code, 2);
    assert.match(open.stderr, /Cannot listen on "0.0.0.0:0" without tokens: everybody could run commands here/);
    assert.match((await serve([], { BIND_ADDRESS: "[::]:0" })).stderr, /without tokens/);
    const short = await serve(["--host", "0.0.0.0"], { FLOW_TOKEN: "secret" });
    assert.match(short.stderr, /it must have 16 characters/);
    assert.doesNotMatch(short.stderr, /secret"/);
    assert.match((await serve(["--cert", "x.pem"])).stderr, /belong together/);
    assert.match((await serve([], { BIND_ADDRESS: "a:b:c" })).stderr, /it is no address/);
  });
});

test("only valid tokens get in", async ({ url, createToken, folder }) => {
  const list = async (...args: string[]) => {
    const { status, json, headers } = await curl(`${url}/api/workflows`, ...args);
    assert.equal(headers.has("www-authenticate"), status === 401);
    return [status, json.error];
  };
  assert.deepEqual(await list(), [401, "Cannot tell who you are: no token was sent"]);
  const unknown = [401, "Cannot tell who you are: the token is not known"];
  assert.deepEqual(await list(...bearer("wrong-token-0123456789")), unknown);
  assert.deepEqual(await list(...bearer(`${ADMIN}x`)), unknown);
  assert.deepEqual(await list("-H", `Authorization: Basic ${btoa(`a:${ADMIN}`)}`), [
    401,
    "Cannot tell who you are: no token was sent",
  ]);
  assert.equal((await curl(`${url}/api/workflows?token=${ADMIN}`)).status, 401, "never in the URL");
  assert.deepEqual((await list(...asAdmin))[0], 200);

  const token = await createToken("--role", "viewer");
  assert.equal((await list(...bearer(token)))[0], 200);
  assert.deepEqual(await list(...bearer(token.replace(/.$/, (last) => last === "0" ? "1" : "0"))), unknown);
  await runFlow(["tokens", "revoke", token, "--db", `${folder}/flow.db`]);
  assert.deepEqual(await list(...bearer(token)), [401, "Cannot tell who you are: the token has been revoked"]);
  const brief = await createToken("--expires", "1ms");
  assert.deepEqual(await list(...bearer(brief)), [401, "Cannot tell who you are: the token has expired"]);
  const stored = await Deno.readFile(`${folder}/flow.db`);
  assert.ok(!new TextDecoder("latin1").decode(stored).includes(token), "the database keeps only its hash");
});

test("a viewer reads, an operator runs, an admin looks after the server", async ({ url, createToken }) => {
  const viewer = bearer(await createToken("--role", "viewer", "--name", "dashboard"));
  const operator = bearer(await createToken("--role", "operator", "--name", "ci"));
  const workflow = withJson({ workflow: shellWorkflow({ a: "true" }) });
  const status = async (path: string, ...args: string[]) => (await curl(`${url}${path}`, ...args)).status;

  assert.equal(await status("/api/executions", ...viewer), 200);
  for (
    const [path, method] of [
      ["/api/executions", "POST"],
      ["/api/workflows", "POST"],
      ["/api/workflows/w", "PUT"],
      ["/api/workflows/w", "DELETE"],
      ["/api/workflows/w/execute", "POST"],
      ["/api/executions/e/cancel", "POST"],
      ["/api/executions/e/rerun?dry_run=true", "POST"],
    ] as const
  ) {
    const { status, json } = await curl(`${url}${path}`, "-X", method, ...viewer, ...workflow);
    assert.deepEqual([status, json.code], [403, "forbidden"], path);
  }
  assert.equal(await status("/api/audit", ...viewer), 403);
  assert.equal(await status("/api/executions", ...operator, ...workflow), 202);
  assert.equal(await status("/api/audit", ...operator), 403);
  const { json } = await curl(`${url}/api/audit`, ...asAdmin);
  const [newest, ...older] = json.entries;
  assert.deepEqual([newest.actor, newest.action, newest.status], ["ci", "POST /api/executions", 202]);
  assert.deepEqual([older[0].actor, older[0].status], ["dashboard", 403]);
});

test(
  "pages of other sites get nothing, under whatever name",
  async ({ url, port }) => {
    const answer = async (...args: string[]) => {
      const { status, json, headers } = await curl(`${url}/api/workflows`, ...args);
      return [status, json.code, headers.get("access-control-allow-origin")];
    };
    const refused = [403, "forbidden", null];
    const json = ["-X", "POST", ...withJson({ nodes: [] })];
    assert.deepEqual(await answer("-H", "Host: attacker.example"), refused);
    assert.deepEqual(await answer("-H", `Host: attacker.example:${port}`), refused);
    assert.deepEqual(await answer("-H", "Origin: https://attacker.example"), refused);
    assert.deepEqual(await answer("-H", "Origin: null"), refused);
    assert.deepEqual(await answer("-H", `Origin: http://127.0.0.1:${port + 1}`), refused);
    assert.deepEqual(await answer("-H", "Origin: https://attacker.example", ...json), refused);
    assert.deepEqual(await answer("-H", "Sec-Fetch-Site: cross-site", "-H", "Sec-Fetch-Mode: no-cors"), refused);
    const undeclared = await answer("-H", "Content-Type: text/plain", "-d", '{"nodes":[]}');
    assert.deepEqual(undeclared, [415, "invalid_argument", null]);
    const form = await curl(
      `${url}/api/executions`,
      "-H",
      "Content-Type: text/plain",
      "-d",
      '{"workflow":{"nodes":[]}}',
    );
    assert.equal(form.status, 415, "a form of another site cannot start anything");
    assert.equal((await answer("-H", `Origin: ${url}`))[0], 200);
    assert.equal((await answer("-H", `Host: localhost:${port}`))[0], 200);
  },
  [],
  { FLOW_TOKEN: "" },
);

test("a WebSocket of another site is not opened", async ({ url }) => {
  const handshake = [
    ..."Connection: Upgrade|Upgrade: websocket|Sec-WebSocket-Version: 13|Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
      .split(
        "|",
      ).flatMap((header) => ["-H", header]),
  ];
  const open = (...args: string[]) => curl(`${url}/api/events`, ...handshake, ...args);
  assert.equal((await open("-H", "Origin: https://attacker.example", ...asAdmin)).status, 403);
  assert.equal((await open()).status, 401);
  assert.equal((await open("-H", "Sec-WebSocket-Protocol: flow, bearer.wrong")).status, 401);
  for (
    const [offered, chosen] of [[[`bearer.${ADMIN}`], `bearer.${ADMIN}`], [
      [`bearer.${ADMIN}`, "flow"],
      "flow",
    ]] as const
  ) {
    // Like browsers, this client gives up when the server chooses none of what it has offered.
    const socket = new OtherWebSocket(`${url.replace("http", "ws")}/api/events`, [...offered]);
    await new Promise((resolve, reject) => socket.on("open", resolve).on("error", reject));
    assert.equal(socket.protocol, chosen);
    const closed = new Promise((resolve) => socket.on("close", resolve));
    socket.close();
    await closed;
  }
});

test("an origin that is allowed may do what its page needs, and no more", async ({ url }) => {
  const origin = ["-H", "Origin: https://dashboard.example"];
  const preflight = await curl(
    `${url}/api/workflows`,
    "-X",
    "OPTIONS",
    ...origin,
    "-H",
    "Access-Control-Request-Method: PUT",
  );
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers.get("access-control-allow-origin"), "https://dashboard.example");
  assert.equal(preflight.headers.get("access-control-allow-credentials"), null);
  const { status, headers } = await curl(`${url}/api/workflows`, ...origin, ...asAdmin);
  assert.deepEqual([status, headers.get("access-control-allow-origin")], [200, "https://dashboard.example"]);
  assert.equal((await curl(`${url}/health`, "-H", "Host: flow.example")).status, 200);
  assert.equal((await curl(`${url}/health`, "-H", "Host: other.example")).status, 403);
}, ["--allow-origin", "https://dashboard.example", "--allow-host", "flow.example"]);

test("a body of 1 GB is refused before it is read, and costs no memory", async ({ port, pid, url }) => {
  const before = rssOf(pid);
  for (const head of ["Content-Length: 1073741824\r\n", "Transfer-Encoding: chunked\r\n"]) {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port });
    const authorization = `Authorization: Bearer ${ADMIN}\r\n`;
    const request = `POST /api/executions HTTP/1.1\r\nHost: localhost\r\n${authorization}${head}\r\n`;
    await connection.write(new TextEncoder().encode(request));
    const block = new TextEncoder().encode(`10000\r\n${"x".repeat(65_536)}\r\n`);
    let sent = 0;
    const sending = (async () => {
      const writer = connection.writable.getWriter();
      for (; sent < 1 << 30; sent += block.length) await writer.write(block);
    })().catch(() => {});
    const buffer = new Uint8Array(4096);
    const length = await connection.read(buffer) ?? 0;
    assert.match(new TextDecoder().decode(buffer.subarray(0, length)), /^HTTP\/1.1 413 /, head);
    await sending;
    assert.ok(sent < 1 << 30, `${sent} bytes were taken`);
  }
  assert.equal((await curl(`${url}/health`)).status, 200);
  if (Deno.build.os === "linux") assert.ok(rssOf(pid) - before < 100, `${before} MiB before, ${rssOf(pid)} after`);
});

test("clients that never finish their requests keep nobody else from being served", async ({ port, url }) => {
  const slow: Deno.Conn[] = [];
  try {
    for (let i = 0; i < 300; i++) {
      const connection = await Deno.connect({ hostname: "127.0.0.1", port });
      await connection.write(new TextEncoder().encode("GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow:"));
      slow.push(connection);
    }
    assert.equal((await curl(`${url}/health`)).status, 200);
  } finally {
    for (const connection of slow) connection.close();
  }
});

test("paths lead only to routes", async ({ url }) => {
  const traps = ["/../../etc/passwd", "/..%2f..%2fetc/passwd", "/api/workflows/..%2F..%2Fetc%2Fpasswd", "//etc/passwd"];
  for (const path of [...traps, "/%00", "/api/nodes/%2e%2e%2f%2e%2e", "/api/executions/%", "/.git/config"]) {
    const { status, text } = await curl(`${url}${path}`, ...asAdmin);
    assert.ok(status === 404 || status === 400, `${path}: ${status}`);
    assert.doesNotMatch(text, /root:|\[core\]/);
  }
  const odd = encodeURIComponent("a/b c");
  assert.equal(
    (await curl(`${url}/api/workflows/${odd}`, "-X", "PUT", ...asAdmin, ...withJson({ nodes: [] }))).status,
    201,
  );
  assert.equal((await curl(`${url}/api/workflows/${odd}`, ...asAdmin)).json.id, "a/b c");
});

test("nothing that is sent becomes a header", async ({ url }) => {
  const evil = "x\r\nX-Evil: 1";
  const refused = await curl(`${url}/api/workflows`, ...asAdmin, ...withJson({ id: evil, nodes: [] }));
  assert.equal(refused.status, 422);
  const answers = [
    refused,
    await curl(`${url}/api/workflows/${encodeURIComponent(evil)}`, ...asAdmin),
    await curl(`${url}/%0d%0aX-Evil:%201`, ...asAdmin),
    await curl(`${url}/api/workflows`, ...asAdmin, ...withJson({ id: "ünï/ö", nodes: [] })),
  ];
  for (const { headers, status } of answers) {
    assert.ok(status < 500);
    assert.equal(headers.get("x-evil"), null);
  }
  assert.equal(answers[3]?.headers.get("location"), `/api/workflows/${encodeURIComponent("ünï/ö")}`);
});

test("bombs of JSON are refused, and the server lives on", async ({ url, folder }) => {
  const deep = (open: string, close: string, levels: number) => open.repeat(levels) + "1" + close.repeat(levels);
  const bombs: [string, string, number][] = [
    ["/api/executions", deep("[", "]", 2_000_000), 400],
    ["/api/executions", `{"workflow":${deep('{"a":', "}", 900)}}`, 422],
    ["/api/executions", `{"workflow":{"nodes":[]},"inputs":${deep('{"a":', "}", 900)}}`, 422],
    ["/api/workflows", deep('{"a":', "}", 200_000), 400],
    ["/api/workflows", `{"nodes":[${"0,".repeat(3_000_000)}0]}`, 422],
    ["/api/executions", `{"inputs":[${"0,".repeat(3_000_000)}0],"workflow":{"nodes":[]}}`, 400],
    ["/api/executions", `{"workflow":{"nodes":[]},"inputs":{"__proto__":{"polluted":1}}}`, 202],
    ["/api/executions", '{"workflow":{"nodes":[]},"inputs":{"n":1e999}}', 422],
    ["/api/executions", `{"workflow_id":"${"x".repeat(5_000_000)}"}`, 404],
    ["/api/executions", "\u0000", 400],
    ["/api/executions", "", 400],
  ];
  for (const [path, body, expected] of bombs) {
    await Deno.writeTextFile(`${folder}/bomb`, body);
    const args = ["-H", "Content-Type: application/json", "--data-binary", `@${folder}/bomb`];
    const { status, text } = await curl(`${url}${path}`, ...asAdmin, ...args);
    assert.equal(status, expected, `${body.slice(0, 60)}: ${text.slice(0, 300)}`);
    assert.ok(text.length < 100_000, "the answer is bounded");
  }
  assert.equal((await curl(`${url}/health`)).status, 200);
});

test("10,000 bad requests are refused, slowed down, and forgotten", async ({ url, pid }) => {
  const before = rssOf(pid);
  const statuses = new Map<number, number>();
  const attack = async (worker: number) => {
    for (let i = 0; i < 200; i++) {
      const headers = { Authorization: `Bearer guess-${worker}-${i}` };
      const response = await fetch(`${url}/api/workflows/${i}`, { method: i % 2 === 0 ? "GET" : "DELETE", headers });
      await response.body?.cancel();
      statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
    }
  };
  assert.equal((await curl(`${url}/api/workflows`, ...asAdmin)).status, 200);
  const started = performance.now();
  await Promise.all(Array.from({ length: 50 }, (_, worker) => attack(worker)));
  // Each minute begins anew, and those under way are not stopped.
  const minutes = Math.ceil((performance.now() - started) / 60_000);
  assert.deepEqual([...statuses.keys()].sort(), [401, 429]);
  assert.ok((statuses.get(401) ?? 0) < 100 * minutes, `${statuses.get(401)} guesses were checked`);
  const limited = await curl(`${url}/api/workflows`, ...bearer("one-more-guess"));
  assert.ok(Number(limited.headers.get("retry-after")) > 0);
  assert.equal((await curl(`${url}/api/workflows`, ...asAdmin)).status, 200, "known tokens go on working");
  if (Deno.build.os === "linux") assert.ok(rssOf(pid) - before < 200, `${before} MiB before, ${rssOf(pid)} after`);
});

test("errors tell nothing about the machine", async ({ url, folder }) => {
  const answers = [
    await curl(`${url}/api/workflows`, ...asAdmin, "-H", "Content-Type: application/json", "-d", "{"),
    await curl(`${url}/api/workflows/x`, ...asAdmin),
    await curl(`${url}/api/executions/x/resume`, "-X", "POST", ...asAdmin),
    await curl(`${url}/api/executions?limit=x`, ...asAdmin),
    await curl(`${url}/api/executions`, ...asAdmin, ...withJson({ workflow: 5 })),
    await curl(`${url}/api/executions`, ...asAdmin, "-H", "Content-Type: application/json", "-d", "[1"),
    await curl(`${url}/nothing`),
    await curl(`${url}/api/events`, ...asAdmin, "-H", "Upgrade: websocket", "-H", "Connection: Upgrade"),
  ];
  for (const { status, text } of answers) {
    assert.ok(status >= 400 && status < 500, `${status} ${text}`);
    for (const leak of [folder, "/tmp/", ".ts:", "    at ", "node_modules", "SQLITE"]) {
      assert.ok(!text.includes(leak), `${leak} in ${text}`);
    }
    const { error, code } = JSON.parse(text);
    assert.ok(typeof error === "string" && typeof code === "string");
  }
});
