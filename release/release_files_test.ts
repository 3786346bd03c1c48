import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readFeed } from "../cli/upgrade/release_feed.ts";
import { runFlow } from "../tests/support/cli.ts";
import { createSigner } from "../tests/support/minisign.ts";
import { standIn } from "../tests/support/releases.ts";
import { openHttpServer } from "../tests/support/http_server.ts";
import { whyNoProgram } from "../tests/support/installed.ts";
import { withFolder } from "../tests/support/temp_folder.ts";
import { writeReleaseFiles } from "./release_files.ts";
import { fileName, targets } from "./targets.ts";

const repository = "https://github.com/someone/flow";

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** A folder with something in the place of each executable, and all other files of a release. */
async function withRelease(test: (folder: string) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    for (const target of targets) await writeFile(join(folder, fileName(target)), `flow for ${target.name}`);
    await writeFile(join(folder, "sbom.cdx.json"), "{}");
    await writeReleaseFiles(folder, { version: "1.2.3", repository });
    await test(folder);
  });
}

Deno.test("writeReleaseFiles() writes checksums that sha256sum accepts, of all but the feed", async () => {
  await withRelease(async (folder) => {
    const { success, stdout } = await new Deno.Command("sha256sum", { args: ["-c", "SHA256SUMS"], cwd: folder })
      .output();
    assert.ok(success);
    const names = new TextDecoder().decode(stdout).trim().split("\n").map((line) => line.split(":")[0]);
    assert.deepEqual(names, [...targets.map(fileName), "flow.json", "flow.rb", "sbom.cdx.json"].sort());
  });
});

Deno.test("writeReleaseFiles() writes a feed that flow upgrade reads, with the releases before", async () => {
  await withRelease(async (folder) => {
    const earlier = JSON.parse(await readFile(join(folder, "releases.json"), "utf8"));
    await writeReleaseFiles(folder, { version: "1.3.0", repository, earlier });
    await writeReleaseFiles(folder, { version: "1.3.0", repository, earlier });
    const feed = await readFile(join(folder, "releases.json"), "utf8");
    const server = openHttpServer(() => new Response(feed));
    try {
      const releases = await readFeed(`${server.url}/feed`, "macos-x64", new AbortController().signal);
      assert.deepEqual(releases.map(({ version }) => version), ["1.3.0", "1.2.3"]);
      const base = `${repository}/releases/download/v1.3.0`;
      assert.equal(releases[0]?.fileUrl?.href, `${base}/flow-macos-x64`);
      assert.equal(releases[0]?.signatureUrl.href, `${base}/SHA256SUMS.minisig`);
    } finally {
      await server.close();
    }
  });
});

Deno.test("flow upgrade installs what writeReleaseFiles() and a signature make a release of", async () => {
  await withFolder(async (folder) => {
    const server = openHttpServer(async (request) => {
      const [, , , tag, name = ""] = new URL(request.url).pathname.split("/");
      const isThere = tag === "v1.2.3" || tag === "latest";
      return isThere ? new Response(await readFile(join(folder, name))) : new Response(null, { status: 404 });
    });
    try {
      for (const target of targets) await writeFile(join(folder, fileName(target)), standIn("1.2.3"));
      await writeReleaseFiles(folder, { version: "1.2.3", repository: server.url });
      const signer = await createSigner();
      const checksums = await readFile(join(folder, "SHA256SUMS"), "utf8");
      await writeFile(join(folder, "SHA256SUMS.minisig"), await signer.sign(checksums, "flow 1.2.3"));
      const path = join(folder, "flow");
      await writeFile(path, standIn("0.1.0"), { mode: 0o755 });
      const feed = `${server.url}/releases/download/latest/releases.json`;
      const args = ["upgrade", "--executable", path, "--releases", feed, "--releases-key", signer.publicKey];
      const { code, stdout, stderr } = await runFlow(args);
      assert.equal(code, 0, stderr);
      assert.match(stdout, /^flow 1\.2\.3 is now in /);
    } finally {
      await server.close();
    }
  });
});

Deno.test("writeReleaseFiles() refuses to leave out a system", async () => {
  await withFolder(async (folder) => {
    await assert.rejects(writeReleaseFiles(folder, { version: "1.2.3", repository }), /flow-linux-x64/);
  });
});

Deno.test("the manifest of Scoop has the executable for Windows under its own name", async () => {
  await withRelease(async (folder) => {
    const manifest = JSON.parse(await readFile(join(folder, "flow.json"), "utf8"));
    assert.equal(manifest.version, "1.2.3");
    assert.deepEqual(manifest.architecture, {
      "64bit": {
        url: `${repository}/releases/download/v1.2.3/flow-windows-x64.exe#/flow.exe`,
        hash: sha256("flow for windows-x64"),
      },
    });
    assert.equal(manifest.bin, "flow.exe");
  });
});

/** As much of Homebrew as the formula needs, on the machine that the arguments name. */
const HOMEBREW = `
class Formula
  class << self
    attr_reader :found
    def method_missing(name, *args) = (@found ||= {}).store(name.to_s, args.first)
    def respond_to_missing?(*) = true
    def on_macos = (yield if ARGV[1] == "macos")
    def on_linux = (yield if ARGV[1] == "linux")
    def on_arm = (yield if ARGV[2] == "arm64")
    def on_intel = (yield if ARGV[2] == "x64")
    def test = nil
  end
end
load ARGV[0]
require "json"
puts JSON.generate(Flow.found)
`;

const noRuby = whyNoProgram("ruby");
if (noRuby !== undefined) console.warn(`skipped: ${noRuby}`);

Deno.test({
  name: "the formula of Homebrew has the right executable and checksum for each system",
  ignore: noRuby !== undefined,
  fn: () =>
    withRelease(async (folder) => {
      for (const name of ["macos-arm64", "macos-x64", "linux-arm64", "linux-x64"]) {
        const args = ["-e", HOMEBREW, join(folder, "flow.rb"), ...name.split("-")];
        const { success, stdout, stderr } = await new Deno.Command("ruby", { args }).output();
        assert.ok(success, new TextDecoder().decode(stderr));
        const found = JSON.parse(new TextDecoder().decode(stdout));
        assert.equal(found.url, `${repository}/releases/download/v1.2.3/flow-${name}`);
        assert.equal(found.sha256, sha256(`flow for ${name}`));
        assert.equal(found.version, "1.2.3");
        assert.ok(found.desc.length <= 80 && !/^(A|An|The) /.test(found.desc), "as brew audit wants it");
      }
    }),
});
