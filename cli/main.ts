import { getPlatform } from "../platform/mod.ts";
import { versionText } from "./build_info.ts";

const VERSION_ARGUMENTS = ["--version", "-V", "version"];

/**
 * The runtime reads all modules that it finds in imports before it runs any of them, also those that are imported later.
 * A name that is put together hides them from it; the executable has to name them with `--include`.
 */
const PROGRAM = new URL("program.ts", import.meta.url).href;

async function main(): Promise<number> {
  const platform = getPlatform();
  const [first, ...rest] = platform.args;
  if (first !== undefined && rest.length === 0 && VERSION_ARGUMENTS.includes(first)) {
    // On its own, because it has to answer before anything else could be loaded.
    await platform.write("stdout", `${versionText(platform)}\n`).catch(() => {});
    return 0;
  }
  const { runProgram } = await import(PROGRAM) as typeof import("./program.ts");
  return await runProgram(platform, platform.args);
}

// The only place that ends the process.
getPlatform().exit(await main());
