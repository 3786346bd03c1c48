import assert from "node:assert/strict";
import { chmod, copyFile, lstat, mkdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runFlow } from "./support/cli.ts";
import { standIn, TARGET, withReleases } from "./support/releases.ts";

Deno.test("flow upgrade replaces the executable by the newest release, and keeps its permissions and the old one", async () => {
  await withReleases(async (site) => {
    for (const version of ["0.1.0", "0.10.0", "0.9.0", "0.11.0-rc.1"]) await site.publish(version);
    // Whoever upgrades owns the new one: others must not run it with those rights.
    await chmod(site.path, 0o4751);
    const { code, stdout, stderr } = await site.upgrade();
    assert.equal(code, 0, stderr);
    const notes = "What is new: https://example.com/v0.10.0\n";
    assert.equal(stdout, `flow 0.10.0 is now in "${site.path}", in place of 0.1.0\n${notes}`);
    assert.equal(stderr, "downloading flow 0.10.0\n");
    assert.equal(await site.installedVersion(), "0.10.0");
    assert.equal((await stat(site.path)).mode & 0o7777, 0o751);
    assert.deepEqual(await site.files(), ["flow", "flow.previous"]);
    assert.equal(await site.read("flow.previous"), standIn("0.1.0"));
  });
});

Deno.test("flow upgrade may run several times at once: one of them has the last word, and all is whole", async () => {
  await withReleases(async (site) => {
    await site.publish("0.2.0");
    const results = await Promise.all(Array.from({ length: 4 }, () => site.upgrade()));
    assert.deepEqual(results.map(({ code, stderr }) => code === 0 ? "" : stderr), ["", "", "", ""]);
    assert.equal(await site.installedVersion(), "0.2.0");
    assert.match(await site.installedVersion(`${site.path}.previous`), /^0\.[12]\.0$/);
    assert.deepEqual(await site.files(), ["flow", "flow.previous"]);
  });
});

Deno.test("flow upgrade says what is in its way beside the executable", async () => {
  await withReleases(async (site) => {
    await site.publish("0.2.0");
    await mkdir(`${site.path}.previous`);
    const { code, stderr } = await site.upgrade();
    assert.equal(code, 6);
    assert.match(stderr, /^error: Cannot replace ".*flow": .+\n hint: Look at what is in its folder\./m);
    assert.equal(await site.installedVersion(), "0.1.0");
    assert.deepEqual(await site.files(), ["flow", "flow.previous"]);
  });
});

Deno.test("flow upgrade --check changes nothing, and tells programs what there is", async () => {
  await withReleases(async (site) => {
    await site.publish("0.2.0");
    const { code, stdout } = await site.upgrade(["--check"]);
    assert.equal(code, 0);
    assert.match(stdout, /^flow 0\.2\.0 can be had, this is 0\.1\.0\n/);
    const json = await site.upgrade(["--check", "--json"]);
    assert.deepEqual(JSON.parse(json.stdout), {
      action: "available",
      path: site.path,
      version: "0.1.0",
      other_version: "0.2.0",
      notes_url: "https://example.com/v0.2.0",
    });
    assert.deepEqual(await site.files(), ["flow"]);
    assert.equal(await site.installedVersion(), "0.1.0");
  });
});

Deno.test("flow upgrade shows where the notes are as an address, whatever the feed has written", async () => {
  await withReleases(async (site) => {
    await site.publish("0.2.0");
    const feed = JSON.parse(String(site.pages.get("/releases.json")));
    const show = async (notes: string) => {
      feed.releases[0].notes_url = notes;
      site.pages.set("/releases.json", JSON.stringify(feed));
      return (await site.upgrade(["--check"])).stdout.split("\n").slice(1).join("\n");
    };
    assert.equal(await show("v0.2.0/notes.html"), `What is new: ${site.server.url}/v0.2.0/notes.html\n`);
    assert.equal(await show("notes\u001b[2J"), `What is new: ${site.server.url}/notes%1B[2J\n`);
    assert.equal(await show("http://\u001b[2J"), "");
  });
});

Deno.test("flow upgrade never goes to an older version by itself, but does so when it is named", async () => {
  await withReleases(async (site) => {
    await site.publish("0.0.9");
    const newest = await site.upgrade();
    assert.equal(newest.stdout, "flow 0.1.0 is the newest version\n");
    const older = await site.upgrade(["--version", "v0.0.9"]);
    assert.equal(older.code, 0, older.stderr);
    assert.equal(await site.installedVersion(), "0.0.9");
    assert.equal((await site.upgrade(["--version", "0.0.9"])).stdout, "flow 0.0.9 is there already\n");
    const unknown = await site.upgrade(["--version", "3.0.0"]);
    assert.equal(unknown.code, 4);
    assert.equal(unknown.stderr, 'error: There is no release "3.0.0"\n hint: Choose one of 0.0.9.\n');
  });
});

Deno.test("flow upgrade --rollback puts the one before back, and can itself be rolled back", async () => {
  await withReleases(async (site) => {
    const nothing = await site.upgrade(["--rollback"]);
    assert.equal(nothing.code, 4);
    assert.match(nothing.stderr, /^error: Cannot roll back: there is no ".*flow\.previous"\n hint: /);
    await site.publish("0.2.0");
    await site.upgrade();
    const back = await site.upgrade(["--rollback"]);
    assert.equal(back.stdout, `flow 0.1.0 is back in "${site.path}", in place of 0.2.0\n`);
    assert.equal(await site.installedVersion(), "0.1.0");
    assert.equal(await site.installedVersion(`${site.path}.previous`), "0.2.0");
    await site.upgrade(["--rollback"]);
    assert.equal(await site.installedVersion(), "0.2.0");
    assert.deepEqual(await site.files(), ["flow", "flow.previous"]);
  });
});

Deno.test("flow upgrade --rollback replaces an executable that does not run any more, but not by another such", async () => {
  await withReleases(async (site) => {
    await site.publish("0.2.0");
    await site.upgrade();
    await writeFile(site.path, "broken");
    assert.equal((await site.upgrade(["--rollback"])).code, 0);
    assert.equal(await site.installedVersion(), "0.1.0");
    const again = await site.upgrade(["--rollback"]);
    assert.equal(again.code, 5);
    assert.match(again.stderr, /^error: Cannot use ".*flow\.previous": /);
    assert.equal(await site.installedVersion(), "0.1.0");
  });
});

Deno.test("flow upgrade asks an executable that says nothing once, and not for long", async () => {
  await withReleases(async (site) => {
    const asked = join(site.folder, "asked");
    await writeFile(site.path, `#!/bin/sh\necho asked >>'${asked}'\nexec sleep 60\n`);
    const { code, stderr } = await site.upgrade(["--check"]);
    assert.equal(code, 5);
    assert.match(stderr, /^error: Cannot use ".*flow": it does not say its version within 5 s\n hint: Check whether /);
    assert.equal(await readFile(asked, "utf8"), "asked\n");
  });
});

Deno.test("flow upgrade follows links, and leaves them as they are", async () => {
  await withReleases(async (site) => {
    await site.publish("0.2.0");
    const link = join(site.folder, "flow");
    await symlink(site.path, link);
    const { code, stderr } = await runUpgrade(link, site.feed, ["--releases-key", site.signer.publicKey]);
    assert.equal(code, 0, stderr);
    assert.ok((await lstat(link)).isSymbolicLink());
    assert.equal(await site.installedVersion(link), "0.2.0");
    assert.deepEqual(await site.files(), ["flow", "flow.previous"]);
  });
});

Deno.test("flow upgrade keeps the old one if the new one does not run, is another version, or is no flow", async () => {
  const cases: [executable: string, message: RegExp][] = [
    [
      "#!/bin/sh\necho 'cannot execute: wrong libc' >&2; exit 127\n",
      /does not run as flow here: cannot execute: wrong libc/,
    ],
    ["\x7fELF not really", /does not run as flow here|Cannot use/],
    [standIn("0.1.9"), /Cannot use flow 0\.2\.0: what was downloaded is flow 0\.1\.9/],
    ["#!/bin/sh\necho something else\n", /does not run as flow here: something else/],
  ];
  for (const [executable, message] of cases) {
    await withReleases(async (site) => {
      await site.publish("0.2.0", { executable });
      const { code, stderr } = await site.upgrade();
      assert.equal(code, 5, stderr);
      assert.match(stderr, message);
      assert.deepEqual(await site.files(), ["flow"]);
      assert.equal(await site.installedVersion(), "0.1.0");
    });
  }
});

Deno.test("flow upgrade rolls back by itself if the new one runs only where it was tried", async () => {
  await withReleases(async (site) => {
    const executable = '#!/bin/sh\ncase "$0" in */flow) exit 1;; esac\necho "flow 0.2.0 (moody)"\n';
    await site.publish("0.2.0", { executable });
    const { code, stderr } = await site.upgrade();
    assert.equal(code, 5, stderr);
    assert.match(stderr, /it does not run as flow here/);
    assert.equal(await site.installedVersion(), "0.1.0");
    assert.equal(await site.read("flow.previous"), executable);
  });
});

Deno.test("flow upgrade says what is missing: a folder that it may write to, a feed, a key, a file for this system", async () => {
  await withReleases(async (site) => {
    await site.publish("0.2.0");
    const [url, key] = [{ FLOW_RELEASES_URL: "" }, { FLOW_RELEASES_KEY: "" }];
    assert.match(
      (await site.upgrade([], url)).stderr,
      /this flow was built without their address\n hint: Give it with/,
    );
    assert.match((await site.upgrade([], key)).stderr, /without the key of their makers\n hint: Give it with/);
    const wrong = await site.upgrade(["--releases-key", "RWnonsense"]);
    assert.match(wrong.stderr, /^error: Cannot use "RWnonsense" as a key of releases\n/m);
    site.pages.set("/releases.json", String(site.pages.get("/releases.json")).replace(TARGET, "solaris-sparc"));
    const { code, stderr } = await site.upgrade();
    assert.equal(code, 4);
    assert.match(stderr, /There is no flow 0\.2\.0 for this system\n hint: Build it/);
  });
});

Deno.test({
  name: "flow upgrade leaves a folder alone that it may not write to, before it downloads anything",
  ignore: whyAllIsWritable() !== undefined,
  fn: () =>
    withReleases(async (site) => {
      await site.publish("0.2.0");
      let asked = 0;
      const page = String(site.pages.get(`/v0.2.0/flow-${TARGET}`));
      site.pages.set(`/v0.2.0/flow-${TARGET}`, () => (asked++, new Response(page)));
      const undo = await makeReadOnly(join(site.folder, "bin"));
      try {
        const { code, stderr } = await site.upgrade();
        assert.equal(code, 6);
        assert.match(stderr, /^error: Cannot replace ".*flow": its folder is not writable\n hint: Run it as a user/);
        assert.equal(asked, 0, "nothing is downloaded in vain");
      } finally {
        await undo();
      }
    }),
});

/** Root may write to all folders but those with this attribute, which not all file systems have. */
function whyAllIsWritable(): string | undefined {
  if (Deno.uid() !== 0) return undefined;
  const folder = Deno.makeTempDirSync();
  const chattr = (flag: string) => new Deno.Command("chattr", { args: [flag, folder], stderr: "null" }).outputSync();
  const isImmutable = chattr("+i").success && chattr("-i").success;
  Deno.removeSync(folder);
  if (isImmutable) return undefined;
  console.error("skipped: no folder can be closed to root here (chattr +i)");
  return "no folder can be closed to root";
}

async function makeReadOnly(folder: string): Promise<() => Promise<void>> {
  if (Deno.uid() !== 0) {
    await chmod(folder, 0o555);
    return () => chmod(folder, 0o755);
  }
  await new Deno.Command("chattr", { args: ["+i", folder] }).output();
  return async () => void await new Deno.Command("chattr", { args: ["-i", folder] }).output();
}

Deno.test("flow upgrade refuses what others look after, and says how it is upgraded there", async () => {
  await withReleases(async (site) => {
    await site.publish("0.2.0");
    const cases: [folder: string, keeper: string][] = [
      ["Cellar/flow/0.1.0/bin", "Homebrew"],
      ["scoop/apps/flow/current", "Scoop"],
      ["venv/lib/python3.12/site-packages/flowengine/bin", "pip"],
      ["node_modules/flowengine/bin", "npm"],
    ];
    for (const [folder, keeper] of cases) {
      const path = join(site.folder, folder, "flow");
      await mkdir(join(path, ".."), { recursive: true });
      await copyFile(site.path, path);
      const { code, stderr } = await runUpgrade(path, site.feed);
      assert.equal(code, 5, stderr);
      assert.match(stderr, new RegExp(`^error: Cannot upgrade this flow: it belongs to ${keeper}\n hint: Run: \\S+ `));
    }
    const scripts = join(site.folder, "env", "bin");
    const info = join(site.folder, "env/lib/python3.12/site-packages/flowengine-0.1.0.dist-info");
    await mkdir(scripts, { recursive: true });
    await mkdir(info, { recursive: true });
    await copyFile(site.path, join(scripts, "flow"));
    await writeFile(join(info, "RECORD"), "flowengine/__init__.py,sha256=abc,12\n");
    assert.equal((await runUpgrade(join(scripts, "flow"), site.feed, ["--check"])).code, 0, "not of pip");
    await writeFile(join(info, "RECORD"), "flowengine/__init__.py,sha256=abc,12\n../../../bin/flow,sha256=def,99\n");
    assert.match(
      (await runUpgrade(join(scripts, "flow"), site.feed)).stderr,
      /it belongs to pip\n hint: Run: python3 -m/,
    );
  });
});

function runUpgrade(path: string, feed: string, args: readonly string[] = []) {
  return runFlow(["upgrade", "--executable", path, "--releases", feed, ...args]);
}

Deno.test("flow upgrade without an executable refuses from source, and in images that say who installed it", async () => {
  const source = await runFlow(["upgrade"]);
  assert.equal(source.code, 5);
  assert.equal(
    source.stderr,
    "error: Cannot upgrade this flow: it runs from its source\n hint: Update the source, such as with git pull.\n",
  );
  const image = await runFlow(["upgrade"], { env: { FLOW_INSTALLED_BY: "its container image" } });
  assert.match(image.stderr, /it belongs to its container image/);
  const both = await runFlow(["upgrade", "--rollback", "--check"]);
  assert.equal(both.code, 2);
});
