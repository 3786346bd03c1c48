import { FlowError } from "../../engine/errors.ts";
import type { Platform } from "../../platform/types.ts";
import { success } from "../../server/outcome.ts";
import { buildInfo, targetName } from "../build_info.ts";
import type { CliContext, CommonFlags } from "../context.ts";
import { watchInterrupts } from "../interrupt.ts";
import { fetchRelease } from "../upgrade/fetch_release.ts";
import { askVersion, findInstallation, type Installation } from "../upgrade/installation.ts";
import { parsePublicKey } from "../upgrade/minisign.ts";
import { chooseRelease, readFeed, type Release } from "../upgrade/release_feed.ts";
import { showProgress } from "../upgrade/show_progress.ts";
import {
  draftPath,
  folderError,
  PERMISSIONS,
  previousPath,
  removeStaleDrafts,
  switchBack,
  switchTo,
} from "../upgrade/switch_executable.ts";
import { compareVersions, isVersion } from "../upgrade/version_order.ts";

/** Flags of `flow upgrade`. */
export interface UpgradeFlags extends CommonFlags {
  readonly check?: boolean | undefined;
  readonly version?: string | undefined;
  readonly rollback?: boolean | undefined;
  readonly releases?: string | undefined;
  readonly releasesKey?: string | undefined;
  readonly executable?: string | undefined;
  readonly json?: boolean | undefined;
}

/** What `flow upgrade --json` prints. */
interface Report {
  action: "none" | "available" | "upgraded" | "rolled_back";
  path: string;
  version: string;
  /** The version before, or the one that could be had. */
  other_version?: string;
  notes_url?: string;
}

/** `flow upgrade`: replaces the executable by another version of it. */
export async function upgrade(context: CliContext, flags: UpgradeFlags): Promise<number> {
  checkFlags(flags);
  const { platform } = context;
  const abort = new AbortController();
  const stop = watchInterrupts(platform, {
    first: () => abort.abort(new FlowError("cancelled", "The upgrade was cancelled: nothing was changed")),
    again: () => platform.exit(130),
  });
  try {
    const installation = await findInstallation(platform, flags.executable);
    const report = flags.rollback
      ? await rollBack(platform, installation)
      : await moveTo(context, flags, installation, abort.signal);
    context.out.write(flags.json ? `${JSON.stringify(report)}\n` : describe(report, flags));
    return success.exit_code;
  } finally {
    stop();
  }
}

function checkFlags({ rollback, check, version }: UpgradeFlags): void {
  if (rollback && (check || version !== undefined)) {
    throw new FlowError("invalid_argument", "Cannot combine --rollback with --check or --version", {
      hint: "Roll back first.",
    });
  }
  if (version === undefined || isVersion(version.replace(/^v/, ""))) return;
  throw new FlowError("invalid_argument", `Cannot use "${version}" as a version`, {
    hint: "Write three numbers, such as 1.2.3.",
  });
}

async function moveTo(
  context: CliContext,
  flags: UpgradeFlags,
  installation: Installation,
  signal: AbortSignal,
): Promise<Report> {
  const { platform } = context;
  const { path, version } = installation;
  // Whatever it is, it is not ours to replace.
  if (version === undefined) throw installation.trouble;
  const target = targetName(platform.os, platform.arch);
  const releases = await readFeed(releasesUrl(platform, flags), target, signal);
  const release = chooseRelease(releases, flags.version?.replace(/^v/, ""));
  const order = compareVersions(release.version, version);
  if (order === 0 || (order < 0 && flags.version === undefined)) return { action: "none", path, version };
  const notes = release.notesUrl === undefined ? {} : { notes_url: release.notesUrl };
  if (flags.check) return { action: "available", path, version, other_version: release.version, ...notes };
  await install(context, flags, installation, release, signal);
  return { action: "upgraded", path, version: release.version, other_version: version, ...notes };
}

async function install(
  context: CliContext,
  flags: UpgradeFlags,
  { path }: Installation,
  release: Release,
  signal: AbortSignal,
): Promise<void> {
  const { platform } = context;
  const key = parsePublicKey(releasesKey(platform, flags));
  const draft = draftPath(path, platform.pid);
  const { chmod, rm, stat } = await import("node:fs/promises");
  try {
    await removeStaleDrafts(platform, path);
    await checkWritable(draft);
    const progress = showProgress(context, release.version);
    try {
      await fetchRelease(release, draft, { key, signal, onProgress: progress.update });
    } finally {
      progress.end();
    }
    // Asked for at creation it would be cut by the umask.
    if (platform.os !== "windows") await chmod(draft, (await stat(path)).mode & PERMISSIONS);
    await expectVersion(platform, draft, release.version);
    if (signal.aborted) throw signal.reason;
    await switchTo(platform, path, draft);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => {});
    throw folderError(path, error);
  }
  await verifyInPlace(platform, path, release.version);
}

/** Finds out before anything is downloaded. */
async function checkWritable(draft: string): Promise<void> {
  const { open, rm } = await import("node:fs/promises");
  await (await open(draft, "wx")).close();
  await rm(draft);
}

async function expectVersion(platform: Platform, path: string, expected: string): Promise<void> {
  const version = await askVersion(platform, path);
  if (version === expected) return;
  throw new FlowError("precondition_failed", `Cannot use flow ${expected}: what was downloaded is flow ${version}`, {
    hint: "Nothing was changed; tell whoever makes these releases.",
  });
}

/** What ran beside the old one may still not run in its place, such as where only named files may be run. */
async function verifyInPlace(platform: Platform, path: string, version: string): Promise<void> {
  try {
    await expectVersion(platform, path, version);
  } catch (error) {
    await switchBack(platform, path);
    throw error;
  }
}

async function rollBack(
  platform: Platform,
  { path, version = "one that does not run" }: Installation,
): Promise<Report> {
  const previous = previousPath(path);
  if (await platform.stat(previous) === undefined) {
    throw new FlowError("not_found", `Cannot roll back: there is no "${previous}"`, {
      hint: "Name the version that you want with --version.",
    });
  }
  const before = await askVersion(platform, previous);
  try {
    await switchBack(platform, path);
  } catch (error) {
    throw folderError(path, error);
  }
  return { action: "rolled_back", path, version: before, other_version: version };
}

function releasesUrl(platform: Platform, flags: UpgradeFlags): string {
  const url = flags.releases || platform.env("FLOW_RELEASES_URL") || buildInfo?.releases_url;
  if (url) return url;
  throw new FlowError("invalid_argument", "Cannot look for releases: this flow was built without their address", {
    hint: "Give it with --releases or FLOW_RELEASES_URL.",
  });
}

function releasesKey(platform: Platform, flags: UpgradeFlags): string {
  const key = flags.releasesKey || platform.env("FLOW_RELEASES_KEY") || buildInfo?.releases_key;
  if (key) return key;
  throw new FlowError(
    "invalid_argument",
    "Cannot check releases: this flow was built without the key of their makers",
    {
      hint: "Give it with --releases-key or FLOW_RELEASES_KEY.",
    },
  );
}

function describe({ action, path, version, other_version = "", notes_url }: Report, { version: wanted }: UpgradeFlags) {
  const notes = notes_url === undefined ? "" : `What is new: ${notes_url}\n`;
  switch (action) {
    case "none":
      return wanted === undefined ? `flow ${version} is the newest version\n` : `flow ${version} is there already\n`;
    case "available":
      return `flow ${other_version} can be had, this is ${version}\n${notes}`;
    case "upgraded":
      return `flow ${version} is now in "${path}", in place of ${other_version}\n${notes}`;
    case "rolled_back":
      return `flow ${version} is back in "${path}", in place of ${other_version}\n`;
  }
}
