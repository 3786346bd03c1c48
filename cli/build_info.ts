import type { Platform } from "../platform/types.ts";
import { version } from "../server/version.ts";

/** What a build knows of itself; the bundler puts it in the place of `FLOW_BUILD`. */
export interface BuildInfo {
  /** The first 12 digits of the commit, followed by `-modified` if files had changed since. */
  readonly commit: string;
  /** Where releases are announced, if the build belongs to a project that makes some. */
  readonly releases_url?: string;
  /** The minisign public key that their checksums are signed with. */
  readonly releases_key?: string;
}

declare const FLOW_BUILD: BuildInfo | undefined;

/** Undefined when flow runs from its source. */
export const buildInfo: BuildInfo | undefined = typeof FLOW_BUILD === "undefined" ? undefined : FLOW_BUILD;

/** `flow 0.1.0 (1a2b3c4d5e6f, linux-x64)`; from source there is no commit to name. */
export function versionText({ os, arch }: Platform, build = buildInfo): string {
  return `flow ${version} (${build?.commit ?? "from source"}, ${targetName(os, arch)})`;
}

/** The name of a system in file names of releases, such as `macos-arm64`. */
export function targetName(os: Platform["os"], arch: Platform["arch"]): string {
  return `${os === "darwin" ? "macos" : os}-${arch}`;
}
