import assert from "node:assert/strict";
import { FlowError } from "../engine/errors.ts";
import { ZypiClient, type ZypiCommand } from "../nodes/zypi/client.ts";
import { openHttpServer } from "./support/http_server.ts";
import { openZypiServer, whyNoBubblewrap, type ZypiServerOptions } from "./support/zypi_server.ts";

const obstacle = whyNoBubblewrap();
if (obstacle !== undefined) console.log(`skipped: trouble with Zypi servers, ${obstacle}`);
const never = new AbortController().signal;

/** What a request to a session asks for. */
type Request = "start" | "pack" | "look" | "end" | "write" | "other";

function kindOf(line: string, fields: Record<string, unknown>): Request {
  const script = line.endsWith("/exec") && Array.isArray(fields["cmd"]) ? String(fields["cmd"][2]) : "";
  if (script.includes("setsid")) return "start";
  if (script.includes("gzip")) return "pack";
  if (script.includes("report()")) return "look";
  if (script.includes("rm -rf")) return "end";
  return script.includes("base64 -d") ? "write" : "other";
}

interface Stage {
  client: ZypiClient;
  run(command: string[], more?: Partial<ZypiCommand>): ReturnType<ZypiClient["exec"]>;
  requests: Request[];
  vms(): number;
}

/** A session of a strict server; `onKind` interferes with its requests. */
function test(
  name: string,
  onKind: (kind: Request, count: number, url: string) => unknown,
  work: (stage: Stage) => Promise<void>,
): void {
  Deno.test({ name: `a Zypi session: ${name}`, ignore: obstacle !== undefined }, async () => {
    const requests: Request[] = [];
    const held: unknown[] = [];
    const onRequest: ZypiServerOptions["onRequest"] = (line, fields) => {
      const kind = kindOf(line, fields);
      requests.push(kind);
      const answer = onKind(kind, requests.filter((other) => other === kind).length, server.url);
      held.push(answer);
      return answer;
    };
    const server = openZypiServer({ mode: "strict", onRequest });
    try {
      const client = new ZypiClient(server.url);
      const { sessionId } = await client.createSession({}, never);
      const run: Stage["run"] = (command, more = {}) =>
        client.exec({ command, sessionId, timeoutMs: 20_000, ...more }, never);
      await work({ client, run, requests, vms: server.vms });
    } finally {
      await Promise.allSettled(held);
      await server.close();
    }
  });
}

test(
  "a look that got lost is repeated, and nothing is read twice",
  (kind, count) => kind === "look" && count % 3 === 0 ? "crash" : undefined,
  async ({ run, requests }) => {
    const { stdout, exitCode } = await run(["seq", "1", "1500"]);
    assert.deepEqual([stdout.length, stdout.slice(-5), exitCode], [6393, "1500\n", 0]);
    assert.ok(requests.filter((kind) => kind === "look").length > 8);
    assert.equal(requests.at(-1), "end");
  },
);

test(
  "a VM that cannot compress is read piece by piece",
  (kind) => kind === "pack" ? "crash" : undefined,
  async (stage) => {
    const { stdout } = await stage.run(["seq", "1", "6000"]);
    assert.deepEqual([stdout.length, stdout.slice(-5)], [28_893, "6000\n"]);
    assert.equal(stage.requests.filter((kind) => kind === "pack").length, 1);
  },
);

test(
  "looks that keep getting lost are given up",
  (kind) => kind === "look" ? "crash" : undefined,
  async ({ run, requests }) => {
    const error = await run(["sh", "-c", "sleep 9; echo x"]).catch((thrown) => thrown);
    assert.ok(error instanceof FlowError && error.code === "unavailable" && error.retryable, String(error));
    assert.match(error.message, /empty 500 \(server crash\)$/);
    assert.equal(requests.filter((kind) => kind === "look").length, 4);
  },
);

test(
  "a start that got lost is not repeated: the command may run",
  (kind) => kind === "start" ? "crash" : undefined,
  async ({ run, requests }) => {
    await assert.rejects(run(["echo", "x"]), { code: "unavailable", retryable: true });
    assert.deepEqual(requests.filter((kind) => kind !== "other"), ["start", "end"]);
  },
);

test("one that the server forgets while a command runs is a clear error", async (kind, count, url) => {
  if (kind !== "look" || count !== 1) return;
  const other = await new ZypiClient(url).createSession({}, never);
  await new ZypiClient(url).closeSession(other.sessionId);
}, async ({ run }) => {
  const error = await run(["sleep", "30"]).catch((thrown) => thrown);
  assert.ok(error instanceof FlowError && error.code === "not_found" && !error.retryable, String(error));
  assert.match(error.hint ?? "", /forgets all of them when one is closed\.$/);
});

test(
  "a server that hangs is given up when the time is up",
  (kind, count) => kind === "look" && count === 1 ? new Promise((resolve) => setTimeout(resolve, 700)) : undefined,
  async ({ run }) => {
    await assert.rejects(run(["sleep", "30"], { timeoutMs: 400 }), { code: "timeout" });
  },
);

test("a VM without what flow needs is told", () => {}, async ({ run }) => {
  const error = await run(["echo", "x"], { env: { PATH: "/nowhere" } }).catch((thrown) => thrown);
  assert.ok(error instanceof FlowError && error.code === "node_failed", String(error));
  assert.match(error.message, /not found/);
  assert.match(error.hint ?? "", /POSIX shell, base64, head/);
});

Deno.test("a Zypi session: an answer that makes no sense is quoted", async () => {
  const answer = { exit_code: 0, stdout: "hello\n", stderr: "", container_id: "sess_1" };
  const server = openHttpServer(() => Response.json(answer));
  const client = new ZypiClient(server.url);
  const running = client.exec({ command: ["ls"], sessionId: "s", timeoutMs: 1000 }, never);
  await assert.rejects(running, { code: "node_failed", message: /makes no sense: "hello\\n"$/ });
  await server.close();
});

Deno.test({
  name: "ZypiClient.withSession() closes the session, whatever becomes of the work",
  ignore: obstacle !== undefined,
}, async () => {
  const server = openZypiServer({ mode: "strict" });
  const client = new ZypiClient(server.url);
  const counts: number[] = [];
  await client.withSession({}, never, () => Promise.resolve(counts.push(server.vms())));
  counts.push(server.vms());
  const failing = client.withSession({}, never, () => Promise.reject(new Error("no luck")));
  await assert.rejects(failing, { message: "no luck" });
  counts.push(server.vms());
  assert.deepEqual(counts, [1, 0, 0]);
  assert.deepEqual(await client.check(never), { images: ["ubuntu:24.04"] });
  await server.close();
});

Deno.test("ZypiClient.check() tells a Zypi server from others", async () => {
  const server = openHttpServer(() => Response.json({ status: "healthy" }));
  await assert.rejects(new ZypiClient(server.url).check(never), { message: /is not a Zypi server$/ });
  await server.close();
});
