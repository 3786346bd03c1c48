import { fileURLToPath } from "node:url";
import type { BuildInfo } from "../cli/build_info.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/**
 * What builds from this folder know of themselves: the commit, and from the environment `FLOW_RELEASES_URL` and
 * `FLOW_RELEASES_KEY`. Nothing in it changes from one build of the same commit to the next.
 */
export async function describeBuild(): Promise<BuildInfo> {
  const [releases_url, releases_key] = [Deno.env.get("FLOW_RELEASES_URL"), Deno.env.get("FLOW_RELEASES_KEY")];
  return {
    commit: await describeCommit(),
    ...(releases_url ? { releases_url } : {}),
    ...(releases_key ? { releases_key } : {}),
  };
}

async function describeCommit(): Promise<string> {
  const args = ["describe", "--always", "--exclude=*", "--abbrev=12", "--dirty=-modified"];
  const { success, stdout } = await new Deno.Command("git", { args, cwd: ROOT, stderr: "null" }).output();
  return success ? new TextDecoder().decode(stdout).trim() : "unknown commit";
}
