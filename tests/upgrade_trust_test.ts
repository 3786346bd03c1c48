import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parsePublicKey, verifySignature } from "../cli/upgrade/minisign.ts";
import { runFlow } from "./support/cli.ts";
import { makeCertificate } from "./support/certificate.ts";
import { createSigner } from "./support/minisign.ts";
import { openHttpServer, openRawServer } from "./support/http_server.ts";
import { type ReleaseSite, standIn, TARGET, withReleases } from "./support/releases.ts";
import { whyNoProgram } from "./support/installed.ts";

const FILE = `/v0.2.0/flow-${TARGET}`;
const SUMS = "/v0.2.0/SHA256SUMS";

/** Publishes 0.2.0, lets `spoil` change what is served, and expects an upgrade that is refused and changes nothing. */
async function expectRefusal(
  spoil: (site: ReleaseSite) => Promise<void> | void,
  { code = 6, message }: { code?: number; message: RegExp },
): Promise<void> {
  await withReleases(async (site) => {
    await site.publish("0.2.0");
    await spoil(site);
    const result = await site.upgrade();
    assert.match(result.stderr, message);
    assert.equal(result.code, code, result.stderr);
    assert.deepEqual(await site.files(), ["flow"]);
    assert.equal(await site.installedVersion(), "0.1.0");
  });
}

Deno.test("flow upgrade refuses an executable whose checksum is not the one that was signed", async () => {
  await expectRefusal((site) => void site.pages.set(FILE, `${standIn("0.2.0")}\nrm -rf /\n`), {
    message: /Cannot trust ".*\/flow-\S+": its SHA-256 is [0-9a-f]{64}, where [0-9a-f]{64} was signed\n hint: Nothing/,
  });
});

Deno.test("flow upgrade refuses checksums that somebody else has signed, or that were changed", async () => {
  const hash = "a".repeat(64);
  await expectRefusal(async (site) => {
    const checksums = String(site.pages.get(SUMS));
    site.pages.set(`${SUMS}.minisig`, await (await createSigner()).sign(checksums, "flow 0.2.0"));
  }, { message: /Cannot trust ".*SHA256SUMS": it is signed with another key/ });
  await expectRefusal((site) => void site.pages.set(SUMS, `${hash}  flow-${TARGET}\n`), {
    message: /Cannot trust ".*SHA256SUMS": its signature is wrong/,
  });
  await expectRefusal((site) => void site.pages.set(`${SUMS}.minisig`, "sure, it is fine"), {
    message: /its signature is not one of minisign/,
  });
  await expectRefusal((site) => void site.pages.delete(`${SUMS}.minisig`), { code: 4, message: /it is not there/ });
  await expectRefusal((site) => {
    const signature = String(site.pages.get(`${SUMS}.minisig`));
    site.pages.set(`${SUMS}.minisig`, signature.replace("comment: flow 0.2.0", "comment: flow 9.9.9"));
  }, { message: /the comment of its signature was changed/ });
});

Deno.test("flow upgrade refuses an old release under a new number, and a file that was not signed", async () => {
  await expectRefusal((site) => site.publish("0.3.0", { comment: "flow 0.1.5" }), {
    message: /it is signed as "flow 0\.1\.5", not as "flow 0\.3\.0"/,
  });
  await expectRefusal((site) => site.publish("0.3.0", { checksums: `${"a".repeat(64)}  flow-other\n` }), {
    message: /the signed checksums do not name it/,
  });
});

Deno.test("flow upgrade refuses a download that ends early, is too large, or never comes", async () => {
  await expectRefusal((site) => void site.pages.set(FILE, () => new Response(standIn("0.2.0").slice(0, 9000))), {
    message: /its SHA-256 is/,
  });
  for (
    const [length, message] of [
      [100_000, /^error: Cannot read the answer of "127\.0\.0\.1:\d+": it was cut off\n hint: Check the network/m],
      [999_999_999_999, /it is larger than 536870912 bytes/],
    ] as const
  ) {
    const server = openRawServer(`HTTP/1.1 200 OK\r\ncontent-length: ${length}\r\n\r\n#!/bin/sh\necho half`);
    try {
      await expectRefusal((site) => void site.pages.set(FILE, () => redirect(server.url)), { message });
    } finally {
      await server.close();
    }
  }
  await expectRefusal((site) => void site.pages.set(SUMS, "x".repeat(70_000)), { message: /it is larger than 65536/ });
  await expectRefusal((site) => void site.pages.set(FILE, () => new Response("busy", { status: 503 })), {
    message: /the server answered 503/,
  });
});

Deno.test("flow upgrade refuses feeds that are none, or that lead to where anybody could change what comes", async () => {
  const feed = (text: string) => (site: ReleaseSite) => void site.pages.set("/releases.json", text);
  const none = { code: 2, message: /^error: Cannot read "http:.*releases\.json" as a feed of releases: / };
  for (const text of ["", "<html>", "[]", '{"releases": []}', '{"flow_releases": 0, "releases": []}']) {
    await expectRefusal(feed(text), none);
  }
  await expectRefusal(feed('{"flow_releases": 2, "anything": {}}'), {
    code: 2,
    message:
      /^error: Cannot read "http:.*": it is for newer versions of flow than this one\n hint: Download the newest/,
  });
  const release = (changes: object) =>
    feed(JSON.stringify({
      flow_releases: 1,
      releases: [{ version: "0.2.0", checksums_url: "v0.2.0/SHA256SUMS", files: { [TARGET]: FILE }, ...changes }],
    }));
  await expectRefusal(release({ version: "../../etc" }), none);
  await expectRefusal(release({ files: { [TARGET]: "v0.2.0/%E0" } }), {
    message: /the signed checksums do not name it/,
  });
  const unsafe = { code: 2, message: /^error: Cannot download from "(http|file|ftp):.*": only https is safe\n hint: / };
  for (const address of ["http://example.com/flow", "file:///etc/passwd", "ftp://example.com/flow"]) {
    await expectRefusal(release({ files: { [TARGET]: address } }), unsafe);
    await expectRefusal(release({ checksums_url: address }), unsafe);
    await expectRefusal((site) => void site.pages.set(FILE, () => redirect(address)), {
      code: 2,
      message: /only https is safe/,
    });
  }
  await expectRefusal((site) => void site.pages.set(FILE, () => redirect(FILE)), { message: /redirects more than 5/ });
});

function redirect(location: string): Response {
  return new Response(null, { status: 302, headers: { location } });
}

Deno.test("flow upgrade takes a feed only by https, or from this machine", async () => {
  await withReleases(async (site) => {
    for (
      const url of ["http://example.com/releases.json", "http://127.0.0.1.example.com/", "file:///tmp/releases.json"]
    ) {
      const { code, stderr } = await site.upgrade(["--releases", url]);
      assert.equal(code, 2, stderr);
      assert.match(stderr, /only https is safe/);
    }
    assert.match((await site.upgrade(["--releases", "releases.json"])).stderr, /it is no URL\n hint: Give one such as/);
  });
});

Deno.test("flow upgrade goes through the proxy that the environment names", async () => {
  await withReleases(async (site) => {
    await site.publish("0.2.0");
    const seen: string[] = [];
    const proxy = openHttpServer(async (request) => {
      const { pathname } = new URL(request.url);
      seen.push(pathname);
      return await fetch(`${site.server.url}${pathname}`);
    });
    try {
      const { code, stderr } = await site.upgrade([], { HTTP_PROXY: proxy.url, NO_PROXY: "" });
      assert.equal(code, 0, stderr);
      assert.deepEqual(seen, ["/releases.json", SUMS, `${SUMS}.minisig`, FILE]);
    } finally {
      await proxy.close();
    }
    const dead = await site.upgrade(["--check"], { HTTP_PROXY: proxy.url, NO_PROXY: "" });
    assert.equal(dead.code, 6);
    assert.match(dead.stderr, /^error: Cannot reach .*\n hint: Check the network; HTTPS_PROXY names a proxy/);
  });
});

Deno.test("flow upgrade stops at Ctrl-C and leaves nothing behind", async () => {
  await withReleases(async (site) => {
    await site.publish("0.2.0");
    const half = Promise.withResolvers<void>();
    site.pages.set(FILE, () =>
      new Response(
        new ReadableStream({
          start: (controller) => {
            controller.enqueue(new TextEncoder().encode("#!/bin/sh\n"));
            half.resolve();
          },
        }),
      ));
    const env = { FLOW_RELEASES_URL: site.feed, FLOW_RELEASES_KEY: site.signer.publicKey };
    let isSent = false;
    const { code, stderr } = await runFlow(["upgrade", "--executable", site.path], {
      env,
      onStderr: (_, process) => {
        if (isSent) return;
        isSent = true;
        void half.promise.then(() => process.kill("SIGINT"));
      },
    });
    assert.equal(code, 130, stderr);
    assert.match(stderr, /The upgrade was cancelled: nothing was changed/);
    assert.deepEqual(await site.files(), ["flow"]);
  });
});

const noMinisign = whyNoProgram("minisign");
if (noMinisign !== undefined) console.warn(`skipped: ${noMinisign}`);

Deno.test({
  name: "verifySignature() accepts what the program minisign signs, unless it is told to sign the old way",
  ignore: noMinisign !== undefined,
  fn: () =>
    withReleases(async (site) => {
      const folder = join(site.folder, "keys");
      await mkdir(folder);
      const minisign = async (...args: string[]) => {
        const { success, stderr } = await new Deno.Command("minisign", { args, cwd: folder, stdin: "null" }).output();
        assert.ok(success, new TextDecoder().decode(stderr));
      };
      await minisign("-G", "-W", "-p", "key.pub", "-s", "key");
      const key = parsePublicKey(await readFile(join(folder, "key.pub"), "utf8"));
      const content = new TextEncoder().encode(`${"a".repeat(64)}  flow-linux-x64\n`);
      await writeFile(join(folder, "SHA256SUMS"), content);
      await minisign("-S", "-s", "key", "-t", "flow 0.2.0", "-m", "SHA256SUMS");
      const signature = await readFile(join(folder, "SHA256SUMS.minisig"), "utf8");
      assert.equal(await verifySignature(content, signature, key, "SHA256SUMS"), "flow 0.2.0");
      await minisign("-S", "-l", "-s", "key", "-t", "flow 0.2.0", "-m", "SHA256SUMS");
      const old = await readFile(join(folder, "SHA256SUMS.minisig"), "utf8");
      await assert.rejects(verifySignature(content, old, key, "SHA256SUMS"), /of an old kind/);
      // And what the tests sign, minisign takes for its own.
      const { publicKey, sign } = site.signer;
      await writeFile(join(folder, "SHA256SUMS.minisig"), await sign(new TextDecoder().decode(content), "flow 0.2.0"));
      await minisign("-V", "-m", "SHA256SUMS", "-P", publicKey);
    }),
});

/** Serves by https what nobody trusts but whoever knows `trust`; `address` is where. */
async function withHttps(
  site: ReleaseSite,
  answer: (path: string) => Response | Promise<Response>,
  work: (address: string, trust: Record<string, string>) => Promise<void>,
): Promise<void> {
  const { cert, key } = await makeCertificate(site.folder);
  const handle = (request: Request) => answer(new URL(request.url).pathname);
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, cert, key, onListen: () => {} }, handle);
  try {
    await work(`https://127.0.0.1:${server.addr.port}`, { DENO_CERT: join(site.folder, "ca.pem") });
  } finally {
    await server.shutdown();
  }
}

Deno.test("flow upgrade goes by https, and only to servers that this machine trusts", async () => {
  await withReleases(async (site) => {
    await site.publish("0.2.0");
    await withHttps(site, (path) => fetch(`${site.server.url}${path}`), async (address, trust) => {
      const feed = `${address}/releases.json`;
      const strange = await site.upgrade(["--releases", feed]);
      assert.equal(strange.code, 6);
      assert.match(strange.stderr, /^error: Cannot reach "127.+ [Cc]ertificate|UnknownIssuer/);
      const { code, stderr } = await site.upgrade(["--releases", feed], trust);
      assert.equal(code, 0, stderr);
      assert.equal(await site.installedVersion(), "0.2.0");
    });
  });
});

Deno.test("flow upgrade lets no redirect and no feed lead it from https to http, not even to this machine", async () => {
  await withReleases(async (site) => {
    await site.publish("0.2.0");
    const feedText = String(site.pages.get("/releases.json")).replaceAll('"v0.2.0/', `"${site.server.url}/v0.2.0/`);
    const answer = (path: string) =>
      path === "/absolute.json" ? new Response(feedText) : redirect(`${site.server.url}${path}`);
    await withHttps(site, answer, async (address, trust) => {
      for (const name of ["releases.json", "absolute.json"]) {
        const { code, stderr } = await site.upgrade(["--releases", `${address}/${name}`], trust);
        assert.equal(code, 2, stderr);
        assert.match(stderr, /Cannot download from "http:.*": only https is safe/);
      }
    });
  });
});
