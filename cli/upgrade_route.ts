import { buildCommand } from "@stricli/core";
import type { UpgradeFlags } from "./commands/upgrade.ts";
import { debugFlag, examples, jsonFlag, lazily, type ProgramContext, switchFlag, textFlag } from "./route.ts";

/** `flow upgrade`. */
export const upgrade = buildCommand<UpgradeFlags, [], ProgramContext>({
  loader: lazily(async () => (await import("./commands/upgrade.ts")).upgrade),
  parameters: {
    flags: {
      check: switchFlag("Only say whether there is a newer version"),
      version: textFlag("This version, also if it is older (default: the newest that is no preview)", "VERSION"),
      rollback: switchFlag("Put the executable back that was there before"),
      releases: textFlag("The feed of releases (default: FLOW_RELEASES_URL, or that of the build)", "URL"),
      releasesKey: textFlag("Whose releases to trust: a minisign public key (default: FLOW_RELEASES_KEY)", "KEY"),
      executable: textFlag("The executable to upgrade (default: the one that runs)", "FILE"),
      ...jsonFlag,
      ...debugFlag,
    },
  },
  docs: {
    brief: "Replace this executable by a newer version of it",
    customUsage: ["[options]"],
    fullDescription: "Downloads another version of flow, checks that its makers have signed it and that it runs, and" +
      " puts it in the place of this executable. The one before stays beside it, for --rollback." +
      examples("flow upgrade --check", "flow upgrade", "flow upgrade --version 1.2.3", "flow upgrade --rollback"),
  },
});
