import assert from "node:assert/strict";
import { withFolder } from "../tests/support/temp_folder.ts";
import { getPlatform } from "./mod.ts";

const platform = getPlatform();

/** What a program that uses the platform prints. */
async function printed(script: string, stdin = ""): Promise<string> {
  const url = JSON.stringify(new URL("./mod.ts", import.meta.url).href);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", `import { getPlatform } from ${url};\nconst platform = getPlatform();\n${script}`],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  await new Response(stdin).body?.pipeTo(child.stdin);
  return new TextDecoder().decode((await child.output()).stdout);
}

Deno.test("getPlatform() is always the same object", () => {
  assert.equal(getPlatform(), platform);
  assert.equal(platform.name, "deno");
});

Deno.test("files can be written, looked at and read", () =>
  withFolder(async (folder) => {
    await platform.makeDir(`${folder}/a/b`);
    await platform.makeDir(`${folder}/a/b`);
    await platform.writeFile(`${folder}/a/b/c`, "text", { mode: 0o600 });
    assert.equal(new TextDecoder().decode(await platform.readFile(`${folder}/a/b/c`, 4)), "text");
    const facts = { isFile: true, isDirectory: false, isDevice: false, size: 4, mode: 0o600 };
    assert.deepEqual(await platform.stat(`${folder}/a/b/c`), facts);
    assert.equal((await platform.stat(folder))?.isDirectory, true);
    assert.equal(await platform.stat(`${folder}/a/b/c/d`), undefined);
    assert.equal(((await Deno.stat(`${folder}/a/b/c`)).mode ?? 0) & 0o777, 0o600);
  }));

Deno.test("what goes wrong with files has a code and names the path", () =>
  withFolder(async (folder) => {
    const name = `${folder}/name`;
    await assert.rejects(platform.readFile(name, 10), {
      code: "not_found",
      message: `Cannot read "${name}": there is no such file or folder`,
    });
    await platform.writeFile(name, "1", { createNew: true });
    await assert.rejects(platform.writeFile(name, "2", { createNew: true }), { code: "conflict" });
    await assert.rejects(platform.readFile(folder, 10), { code: "invalid_argument" });
    await assert.rejects(platform.writeFile(`${folder}/none/name`, "1"), { code: "not_found" });
    await assert.rejects(platform.makeDir(name), { code: "conflict" });
  }));

Deno.test("write() keeps the order of what is not awaited, and does not cut long texts", async () => {
  const script = `for (const letter of "abc") platform.write("stdout", letter.repeat(1_000_000));`;
  assert.equal(await printed(script), "abc".replace(/./g, (letter) => letter.repeat(1_000_000)));
});

Deno.test("readStdin() answers all of standard input", async () => {
  const script = `await platform.write("stdout", String((await platform.readStdin(1e6)).length));`;
  assert.equal(await printed(script, "x".repeat(300_000)), "300000");
});

Deno.test("readFile() and readStdin() read all of it, and refuse what is longer than asked for", () =>
  withFolder(async (folder) => {
    const path = `${folder}/long`;
    const bytes = Uint8Array.from({ length: 300_000 }, (_, index) => index % 251);
    await platform.writeFile(path, bytes);
    assert.deepEqual(await platform.readFile(path, 300_000), bytes);
    const refusal = { code: "invalid_argument", message: `Cannot read "${path}": it is larger than 299999 bytes` };
    await assert.rejects(platform.readFile(path, 299_999), refusal);
    const script = `await platform.readStdin(1024 * 1024).catch((error) => console.log(error.message));`;
    assert.equal(await printed(script, "x".repeat(1024 * 1024 + 1)), "Cannot read stdin: it is larger than 1 MiB\n");
  }));

Deno.test({
  name: "readFile() of what has no end comes to an end",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    assert.equal((await platform.stat("/dev/zero"))?.isDevice, true);
    await assert.rejects(platform.readFile("/dev/zero", 1_000_000), { code: "invalid_argument" });
  },
});

Deno.test("onSignal() listens until it is undone", async () => {
  const script = `
    const undo = platform.onSignal("SIGHUP", () => {
      console.log("caught");
      undo();
      Deno.kill(platform.pid, "SIGHUP");
    });
    Deno.kill(platform.pid, "SIGHUP");
    setTimeout(() => console.log("never"), 60_000);
  `;
  assert.equal(await printed(script), "caught\n");
});
