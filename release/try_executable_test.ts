import assert from "node:assert/strict";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { withFolder } from "../tests/support/temp_folder.ts";
import { ROOT } from "../tests/support/shell.ts";
import { bundleProgram } from "./bundle.ts";
import { fileName, hostTarget } from "./targets.ts";

// The runtime of executables cannot be had everywhere, but what is embedded in them can be run as it is.
Deno.test({
  name: "what executables consist of passes the trial that releases make with them",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withFolder(async (folder) => {
      const program = join(folder, "program");
      await bundleProgram({ outputFolder: program });
      await writeFile(join(program, "deno.json"), '{"imports": {"flowengine": "./mod.js", "zod": "./zod.js"}}');
      const flow = join(folder, fileName(hostTarget()));
      const command = `"${Deno.execPath()}" run -A --config "${program}/deno.json" "${program}/main.js"`;
      await writeFile(flow, `#!/bin/sh\nexec ${command} "$@"\n`);
      await chmod(flow, 0o755);
      const args = ["run", "-A", join(ROOT, "release/try_executable.ts"), folder];
      const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT }).output();
      const told = new TextDecoder().decode(stdout);
      assert.ok(success, told + new TextDecoder().decode(stderr));
      assert.equal(told.trimEnd().split("\n").length, 8);
    }),
});
