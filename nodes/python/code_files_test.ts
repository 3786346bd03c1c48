import assert from "node:assert/strict";
import { getPlatform } from "../../platform/mod.ts";
import type { Platform } from "../../platform/types.ts";
import { collectCode } from "./code_files.ts";

/** A machine with these files, whose paths are told with slashes. */
function machine(os: Platform["os"], cwd: string, paths: readonly string[]): Platform {
  return {
    ...getPlatform(),
    os,
    cwd: () => cwd,
    stat: (path) =>
      Promise.resolve(
        paths.includes(path)
          ? { isFile: true, isDirectory: false, isDevice: false, size: path.length, mode: undefined }
          : undefined,
      ),
    readFile: (path) => Promise.resolve(new TextEncoder().encode(path)),
    listFolder: (folder) => {
      const below = paths.filter((path) => path.startsWith(`${folder}/`)).map((path) => path.slice(folder.length + 1));
      const names = new Map(below.map((path) => [path.split("/")[0] ?? "", path.includes("/")]));
      return Promise.resolve([...names].map(([name, isDirectory]) => ({ name, isDirectory })));
    },
  };
}

const cases = [
  { os: "linux", cwd: "/work", file: "jobs/daily.py", path: ["/work/lib/"], home: "/work" },
  { os: "windows", cwd: "C:\\work", file: "jobs\\daily.py", path: ["C:\\work\\lib"], home: "C:/work" },
  { os: "windows", cwd: "C:\\", file: "C:\\work\\jobs\\daily.py", path: ["C:/work/lib/"], home: "C:/work" },
] as const;

for (const { os, cwd, file, path, home } of cases) {
  Deno.test(`collectCode() brings a file, what is beside it, and folders of modules along (${os}: ${file})`, async () => {
    const names = ["jobs/daily.py", "jobs/other.py", "jobs/data.csv", "lib/pack/__init__.py", "lib/pack/data.csv"];
    const platform = machine(os, cwd, names.map((name) => `${home}/${name}`));
    const code = await collectCode(platform, { file, path });
    assert.deepEqual([...code.files.keys()], [
      "/home/flow/path/0/daily.py",
      "/home/flow/path/0/other.py",
      "/home/flow/path/1/pack/__init__.py",
      "/home/flow/path/1/pack/data.csv",
    ]);
    assert.equal(code.file, "/home/flow/path/0/daily.py");
    assert.equal(code.toHostText('File "/home/flow/path/0/daily.py"'), `File "${home}/jobs/daily.py"`);
  });
}
