import { getPlatform } from "../platform/mod.ts";
import { versionText } from "./build_info.ts";

const VERSION_ARGUMENTS = ["--version", "-V", "version"];

async function main(): Promise<number> {
  const platform = getPlatform();
  const [first, ...rest] = platform.args;
  if (first !== undefined && rest.length === 0 && VERSION_ARGUMENTS.includes(first)) {
    // On its own, because it has to answer before anything else could be loaded.
    await platform.write("stdout", `${versionText(platform)}\n`).catch(() => {});
    return 0;
  }
  const { runProgram } = await import("./program.ts");
  return await runProgram(platform, platform.args);
}

// The only place that ends the process.
getPlatform().exit(await main());
