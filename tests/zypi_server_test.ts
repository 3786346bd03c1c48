import assert from "node:assert/strict";
import { readRecordings, type Recording } from "./support/zypi_recordings.ts";
import { openZypiServer, whyNoBubblewrap } from "./support/zypi_server.ts";

const obstacle = whyNoBubblewrap();
if (obstacle !== undefined) console.log(`skipped: the Zypi test server, ${obstacle}`);
const ignore = obstacle !== undefined;

/** Headers whose values say something; lengths and times differ. */
const TELLING = ["content-type", "cache-control", "connection", "transfer-encoding"];

for (const name of ["recorded-1", "recorded-2", "recorded-3"]) {
  Deno.test({ name: `the strict Zypi test server answers as the real one did: ${name}`, ignore }, async () => {
    const server = openZypiServer({ mode: "strict" });
    try {
      const ids = new Map<string, string>();
      for (const recording of await readRecordings(name)) await compare(server.url, recording, ids);
    } finally {
      await server.close();
    }
    assert.equal(server.vms(), 0);
  });
}

async function compare(url: string, recording: Recording, ids: Map<string, string>): Promise<void> {
  const { method, path, contentType, body, status, headers } = recording;
  const replaceIds = (text: string) => [...ids].reduce((all, [theirs, ours]) => all.replaceAll(theirs, ours), text);
  // Nothing is learnt by sleeping for seconds where the answer comes at the end.
  const sent = body?.replace(/"sleep","[67]"/, '"sleep","0.1"');
  const response = await fetch(`${url}${replaceIds(path)}`, {
    method,
    ...(sent === undefined ? {} : { body: replaceIds(sent) }),
    ...(contentType === undefined ? {} : { headers: { "content-type": contentType } }),
  });
  const text = (await response.text()).trim();
  const request = `${method} ${path} ${body ?? ""}`;
  assert.equal(response.status, status, `${request}: ${text}`);
  for (const header of TELLING) {
    // Deno's fetch hides how a body is framed, its server writes neither of these for bodies of its own making.
    const theirs = headers.get(header);
    if (theirs === undefined || header === "transfer-encoding" || theirs === "keep-alive") continue;
    assert.equal(response.headers.get(header), theirs, `${header} of ${request}`);
  }
  const [ours, theirs] = [mask(text), mask(recording.text)];
  if (isWhole(recording.text)) assert.equal(ours, theirs, request);
  else assert.ok(isSameStart(ours, theirs, sent), `${request}\n${ours.slice(0, 600)}\n${theirs}`);
  const session = /"session_id":"(\w+)"/;
  const [id, ourId] = [session.exec(recording.text)?.[1], session.exec(text)?.[1]];
  if (status === 201 && id !== undefined && ourId !== undefined) ids.set(id, ourId);
}

/** Without what differs from one server, or from one moment, to another. */
function mask(text: string): string {
  return text
    .replace(/"\d{4}-\d\d-\d\dT[\d:.]+Z"/g, '"TIME"')
    .replace(/(exec|sess|fabric)_[0-9a-f]+/g, "$1_ID")
    .replace(/(\\"id[\\]+":[\\]+")[0-9a-f]{16}/g, "$1ID")
    .replace(/"(ip)":"[\d.]+"/g, '"$1":"IP"')
    .replace(
      /"(duration_ms|running|warm|total|warm_vms|[a-z_]+_boots|cold_misses|warm_hits|recycles|ubuntu:24.04)":\d+/g,
      '"$1":N',
    )
    // The number of a process.
    .replace('"stdout":"25\\ny', '"stdout":"N\\ny').replace(/"stdout":"\d+\\ny/, '"stdout":"N\\ny');
}

function isWhole(text: string): boolean {
  if (text === "" || text.startsWith("event:")) return true;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Whether a body begins like one that was cut when it was recorded. */
function isSameStart(ours: string, theirs: string, body: string | undefined): boolean {
  // The environment of the machine that the recording was made on.
  const end = body?.includes("env; pwd") ? '"stdout":"' : undefined;
  const start = end === undefined
    // A time that was cut cannot be told from another.
    ? theirs.replace(/"\d{4}-[\dT:.-]*$/, "")
    : theirs.slice(0, theirs.indexOf(end) + end.length);
  return start.length > 60 && ours.startsWith(start);
}

/** Sends JSON to a server; the answer's status and text. */
async function ask(
  url: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; text: string }> {
  const response = await fetch(`${url}${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
  return { status: response.status, text: await response.text() };
}

async function openSession(url: string): Promise<string> {
  return JSON.parse((await ask(url, "POST", "/sessions", {})).text).session_id;
}

Deno.test({ name: "the strict Zypi test server has the defects that no recording shows", ignore }, async () => {
  const server = openZypiServer({ mode: "strict", maxVms: 5 });
  const crashed = { status: 500, text: "" };
  try {
    const [first, second] = [await openSession(server.url), await openSession(server.url)];
    assert.deepEqual(await ask(server.url, "GET", "/sessions"), crashed, "listing two crashes");
    assert.equal((await ask(server.url, "GET", `/sessions/${first}`)).status, 404, "and forgets all");
    const [third, fourth] = [await openSession(server.url), await openSession(server.url)];
    const order: string[] = [];
    const sleep = (id: string, seconds: string) =>
      ask(server.url, "POST", `/sessions/${id}/exec`, { cmd: ["sleep", seconds] }).then(() => order.push(seconds));
    await Promise.all([sleep(third, "0.3"), sleep(fourth, "0.01")]);
    assert.deepEqual(order, ["0.3", "0.01"], "commands of different sessions wait for each other");
    assert.deepEqual(await ask(server.url, "DELETE", `/sessions/${third}`), crashed);
    assert.equal((await ask(server.url, "DELETE", `/sessions/${fourth}`)).status, 404, `${second} is forgotten, too`);

    const echo = { cmd: ["echo"], image: "ubuntu:24.04" };
    const statuses: number[] = [];
    for (let i = 0; i < 3; i++) statuses.push((await ask(server.url, "POST", "/exec", echo)).status);
    assert.deepEqual(statuses, [200, 200, 500], "a VM for one command is never released");
    assert.equal((await ask(server.url, "POST", "/exec", echo)).text, '{"error":":pool_exhausted"}');
    const huge = { ...echo, files: { "/tmp/x": "x".repeat(8_000_000) } };
    assert.deepEqual(await ask(server.url, "POST", "/exec", huge), { status: 413, text: "" });
  } finally {
    await server.close();
  }
  assert.equal(server.vms(), 0);
});

Deno.test({ name: "the lenient Zypi test server has none of them", ignore }, async () => {
  const server = openZypiServer({ mode: "lenient", maxVms: 3 });
  try {
    const [first, second] = [await openSession(server.url), await openSession(server.url)];
    assert.equal(JSON.parse((await ask(server.url, "GET", "/sessions")).text).count, 2);
    const files = { "/tmp/f": "x" };
    const cat = await ask(server.url, "POST", `/sessions/${first}/exec`, { cmd: ["cat", "/tmp/f"], files });
    assert.equal(JSON.parse(cat.text).stdout, "x");
    assert.deepEqual(await ask(server.url, "DELETE", `/sessions/${first}`), {
      status: 200,
      text: '{"status":"closed"}',
    });
    assert.equal((await ask(server.url, "GET", `/sessions/${second}`)).status, 200);
    const image = "ubuntu:24.04";
    for (let i = 0; i < 4; i++) {
      const { text } = await ask(server.url, "POST", "/exec", { cmd: ["sh", "-c", "seq 1 1000"], image });
      assert.equal(JSON.parse(text).stdout?.length, 3893, text);
    }
    const late = await ask(server.url, "POST", "/exec", { cmd: ["sleep", "9"], image, timeout: 0.2 });
    assert.equal(JSON.parse(late.text).timed_out, true);
    assert.equal((await ask(server.url, "POST", "/exec", { cmd: ["ls"] })).text, '{"error":"image is required"}');
  } finally {
    await server.close();
  }
  assert.equal(server.vms(), 0);
});

Deno.test({ name: "closing the Zypi test server also ends VMs that are still booting", ignore }, async () => {
  const server = openZypiServer({ mode: "strict" });
  const creating = ask(server.url, "POST", "/sessions", {}).catch(() => undefined);
  await new Promise((resolve) => setTimeout(resolve, 5));
  await server.close();
  await creating;
  assert.equal(server.vms(), 0);
});
