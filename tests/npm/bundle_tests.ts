/**
 * Makes one module for `node --test` of the tests of the node types, their contract among them, and of the platform.
 *
 * `deno run -A tests/npm/bundle_tests.ts FILE`
 */
import * as esbuild from "esbuild";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { COMMON_OPTIONS, englishOnly, installPackages, nodeModules } from "../../release/bundle.ts";
import { forNode } from "../../release/npm_package.ts";
import { ROOT } from "../support/shell.ts";

/** Those that need no more of `Deno` than `deno_on_node.ts` has. */
const TESTS = [
  "nodes/json_test.ts",
  "nodes/delay_test.ts",
  "nodes/debug_log_test.ts",
  "nodes/http_request_test.ts",
  "nodes/shell_exec_test.ts",
  "nodes/sandbox_exec_test.ts",
  "nodes/api_call_test.ts",
  "nodes/browser_render_test.ts",
  "platform/processes_test.ts",
  "platform/deno_files_test.ts",
  "platform/proc_tree_test.ts",
  "platform/recovery_test.ts",
];

const packages = await installPackages();
try {
  const modules = ["./deno_on_node.ts", ...TESTS.map((path) => join(ROOT, path))];
  await esbuild.build({
    stdin: {
      contents: modules.map((path) => `import ${JSON.stringify(path)};`).join("\n"),
      resolveDir: join(ROOT, "tests/npm"),
    },
    outfile: Deno.args[0] ?? "dist/node_tests.mjs",
    absWorkingDir: ROOT,
    ...COMMON_OPTIONS,
    target: "node22.13",
    nodePaths: [join(packages, "node_modules")],
    plugins: [forNode, nodeModules, englishOnly],
    define: { "import.meta.url": JSON.stringify(new URL("../support/x.ts", import.meta.url).href) },
  });
} finally {
  await rm(packages, { recursive: true, force: true });
}
