import assert from "node:assert/strict";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readFeed } from "../cli/upgrade/release_feed.ts";
import { type CodeBlock, codeBlocks } from "./markdown.ts";
import { openHttpServer } from "./support/http_server.ts";
import { type ReleaseSite, TARGET, withReleases } from "./support/releases.ts";
import { ROOT } from "./support/shell.ts";
import { whyNoProgram } from "./support/installed.ts";

const install = codeBlocks(await readFile(join(ROOT, "docs/install.md"), "utf8"));
const releases = codeBlocks(await readFile(join(ROOT, "docs/releases.md"), "utf8"));

/** Runs a block line by line in the folder of a site, whose `bin` comes first in PATH; stops where one fails. */
async function runBlock({ code }: CodeBlock, site: ReleaseSite): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-euc", code],
    cwd: site.folder,
    env: {
      NO_COLOR: "1",
      HOME: site.folder,
      PATH: `${join(site.folder, "tools")}:${Deno.env.get("PATH")}`,
      FLOW_RELEASES_URL: site.feed,
      FLOW_RELEASES_KEY: site.signer.publicKey,
    },
    stdin: "null",
  }).output();
  const told = new TextDecoder().decode(stdout);
  assert.ok(success, told + new TextDecoder().decode(stderr));
  return told;
}

function blockWith(blocks: readonly CodeBlock[], text: string): CodeBlock {
  const block = blocks.find(({ code }) => code.includes(text));
  assert.ok(block !== undefined, `no block with ${text}`);
  return block;
}

const noMinisign = whyNoProgram("minisign") ?? (TARGET === "linux-x64" ? undefined : "the page is about linux-x64");
if (noMinisign !== undefined) console.warn(`skipped: ${noMinisign}`);

Deno.test({
  name: "docs/install.md: what was downloaded is checked and installed as the page says",
  ignore: noMinisign !== undefined,
  fn: () =>
    withReleases(async (site) => {
      await site.publish("0.2.0");
      for (const name of [`flow-${TARGET}`, "SHA256SUMS", "SHA256SUMS.minisig"]) {
        await writeFile(join(site.folder, name), String(site.pages.get(`/v0.2.0/${name}`)));
      }
      const block = blockWith(install, "minisign");
      assert.match(await runBlock(block, site), /flow-linux-x64: OK\nflow 0\.2\.0 \(stand-in/);
      await writeFile(join(site.folder, `flow-${TARGET}`), "something else");
      await assert.rejects(runBlock(block, site), /FAILED/);
    }),
});

Deno.test("docs/install.md: flow upgrade does what the page says", async () => {
  await withReleases(async (site) => {
    for (const version of ["0.2.0", "1.2.3"]) await site.publish(version);
    await mkdir(join(site.folder, "tools"));
    const flow = join(site.folder, "tools", "flow");
    const main = join(ROOT, "cli/main.ts");
    await writeFile(flow, `#!/bin/sh\nexec "${Deno.execPath()}" run -A "${main}" "$@" --executable "${site.path}"\n`);
    await chmod(flow, 0o755);
    const told = await runBlock(blockWith(install, "flow upgrade --check"), site);
    assert.deepEqual(told.split("\n").filter((line) => line.startsWith("flow ")), [
      "flow 1.2.3 can be had, this is 0.1.0",
      `flow 1.2.3 is now in "${site.path}", in place of 0.1.0`,
      "flow 1.2.3 is there already",
      `flow 0.1.0 is back in "${site.path}", in place of 1.2.3`,
    ]);
  });
});

Deno.test("docs/releases.md: the feed is one, with addresses relative to its own", async () => {
  const { code } = blockWith(releases, "flow_releases");
  const server = openHttpServer(() => new Response(code));
  try {
    const signal = new AbortController().signal;
    const [release] = await readFeed(`${server.url}/flow/releases.json`, "windows-x64", signal);
    assert.equal(release?.version, "0.2.0");
    assert.equal(release?.checksumsUrl.href, `${server.url}/flow/v0.2.0/SHA256SUMS`);
    assert.equal(release?.signatureUrl.href, `${server.url}/flow/v0.2.0/SHA256SUMS.minisig`);
    assert.equal(release?.fileUrl?.href, `${server.url}/flow/v0.2.0/flow-windows-x64.exe`);
  } finally {
    await server.close();
  }
});

Deno.test({
  name: "docs/releases.md: checksums are signed and checked as the page says",
  ignore: noMinisign !== undefined,
  fn: () =>
    withReleases(async (site) => {
      await writeFile(join(site.folder, "SHA256SUMS"), `${"a".repeat(64)}  flow-linux-x64\n`);
      assert.match(await runBlock(blockWith(releases, "minisign"), site), /Trusted comment: flow 0\.2\.0/);
    }),
});

Deno.test("docs/install.md: the image is run as its Dockerfile says", async () => {
  const file = await readFile(join(ROOT, "release/Dockerfile"), "utf8");
  const commands = blockWith(install, "docker run").code.trim().split("\n");
  assert.equal(commands.length, 2);
  for (const command of commands) assert.ok(file.includes(`#   ${command.replace('"$IMAGE"', "IMAGE")}\n`), command);
  assert.match(file, /^EXPOSE 3000$/m);
  assert.match(file, /^VOLUME \/data$/m);
});
