import assert from "node:assert/strict";
import { join } from "node:path";

const PYTHON = "/usr/bin/python3";
/** What no script needs. */
const UNUSED_MODULES = [
  "test",
  "idlelib",
  "lib2to3",
  "ensurepip",
  "distutils",
  "turtledemo",
  "tkinter",
  "config-*",
  "pydoc_data",
];

/** The files of an image with a static busybox, all its applets, `root` and `nobody`, as a tar archive. */
export async function packBusybox(): Promise<Uint8Array<ArrayBuffer>> {
  return await withRoot(async (root) => {
    await addBusybox(root);
    return await run("tar", ["-C", root, "-c", "."]);
  });
}

/** The same, with the Python 3 of this machine and what it needs to run. */
export async function packPython(): Promise<Uint8Array<ArrayBuffer>> {
  return await withRoot(async (root) => {
    await addBusybox(root);
    const version = (await text("readlink", ["-f", PYTHON])).split("/").at(-1) ?? "";
    const modules = `/usr/lib/${version}`;
    const extensions = (await text("find", [`${modules}/lib-dynload`, "-name", "*.so"])).split("\n");
    const libraries = (await text("ldd", [PYTHON, ...extensions])).match(/\/\S+\.so[.\d]*(?= \()/g) ?? [];
    const excluded = UNUSED_MODULES.map((name) => `--exclude=usr/lib/${version}/${name}`);
    const paths = [PYTHON, modules, ...new Set(libraries)].map((path) => path.slice(1));
    const program = await run("tar", ["-C", "/", "-c", "--dereference", ...excluded, ...paths]);
    await extract(root, program);
    await Deno.symlink("python3", join(root, "usr/bin/python"));
    return await run("tar", ["-C", root, "-c", "."]);
  });
}

async function withRoot<T>(work: (root: string) => Promise<T>): Promise<T> {
  const root = await Deno.makeTempDir({ prefix: "flow-image-" });
  try {
    await Deno.chmod(root, 0o755);
    return await work(root);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

async function addBusybox(root: string): Promise<void> {
  for (const folder of ["bin", "etc", "root", "usr/bin"]) await Deno.mkdir(join(root, folder), { recursive: true });
  await Deno.mkdir(join(root, "tmp"));
  await Deno.chmod(join(root, "tmp"), 0o1777);
  await Deno.copyFile("/bin/busybox", join(root, "bin/busybox"));
  for (const applet of (await text("/bin/busybox", ["--list"])).split("\n")) {
    if (applet !== "busybox") await Deno.symlink("busybox", join(root, "bin", applet));
  }
  await Deno.writeTextFile(join(root, "etc/passwd"), "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/tmp:/bin/sh\n");
  await Deno.writeTextFile(join(root, "etc/group"), "root:x:0:\nnogroup:x:65534:\n");
}

async function extract(root: string, tar: Uint8Array): Promise<void> {
  const child = new Deno.Command("tar", { args: ["-C", root, "-x"], stdin: "piped" }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(tar);
  await writer.close();
  assert.ok((await child.status).success);
}

async function text(command: string, args: readonly string[]): Promise<string> {
  return new TextDecoder().decode(await run(command, args)).trim();
}

async function run(command: string, args: readonly string[]): Promise<Uint8Array<ArrayBuffer>> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args: [...args] }).output();
  // ldd fails for static programs, and tar for files that change; what they have written is good.
  assert.ok(success || stdout.length > 0, `${command}: ${new TextDecoder().decode(stderr)}`);
  return stdout;
}
