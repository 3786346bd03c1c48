/**
 * Writes what belongs to a release besides its executables: `flow.rb`, `flow.json`, `releases.json` and `SHA256SUMS`.
 *
 * `deno run -A release/release_files.ts --folder dist --repository https://github.com/OWNER/NAME [--earlier FEED]`, with
 * all executables in the folder, and the feed of the release before, if there is one.
 */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import config from "../deno.json" with { type: "json" };
import type { ReleaseFeed } from "../cli/upgrade/release_feed.ts";
import { computeChecksums, formatChecksums } from "./checksums.ts";
import { describeScoopApp, formatFormula, type PublishedRelease } from "./package_manifests.ts";
import { fileName, targets } from "./targets.ts";

/** So many releases stay in the feed; `flow upgrade --version` knows no others. */
const KEPT_RELEASES = 100;

/** Where a release is, and what came before it. */
export interface ReleasePlace {
  readonly version: string;
  /** The project's address at GitHub, or whatever has `releases/download/vVERSION/FILE`. */
  readonly repository: string;
  readonly earlier?: ReleaseFeed | undefined;
}

/** @throws {Error} if an executable is missing */
export async function writeReleaseFiles(folder: string, place: ReleasePlace): Promise<void> {
  const { version, repository } = place;
  const filesUrl = `${repository}/releases/download/v${version}`;
  const executables = targets.map((target) => join(folder, fileName(target)));
  const release: PublishedRelease = {
    version,
    filesUrl,
    homepage: repository,
    checksums: await computeChecksums(executables),
  };
  await writeFile(join(folder, "flow.rb"), formatFormula(release));
  await writeFile(join(folder, "flow.json"), `${JSON.stringify(describeScoopApp(release), null, 2)}\n`);
  await writeFile(join(folder, "releases.json"), `${JSON.stringify(describeFeed(place, filesUrl), null, 2)}\n`);
  // The feed leads to the checksums; it cannot be among them, and changes nothing by itself.
  const others = (await readdir(folder)).filter((name) => !/^(releases\.json|SHA256SUMS.*)$/.test(name));
  const checksums = await computeChecksums(others.map((name) => join(folder, name)));
  await writeFile(join(folder, "SHA256SUMS"), formatChecksums(checksums));
}

function describeFeed({ version, repository, earlier }: ReleasePlace, filesUrl: string): ReleaseFeed {
  const newest = {
    version,
    notes_url: `${repository}/releases/tag/v${version}`,
    checksums_url: `${filesUrl}/SHA256SUMS`,
    signature_url: `${filesUrl}/SHA256SUMS.minisig`,
    files: Object.fromEntries(targets.map((target) => [target.name, `${filesUrl}/${fileName(target)}`])),
  };
  const others = earlier?.releases.filter((release) => release.version !== version) ?? [];
  return { flow_releases: 1, releases: [newest, ...others].slice(0, KEPT_RELEASES) };
}

async function main(): Promise<void> {
  const { values: { folder, repository, earlier } } = parseArgs({
    args: Deno.args,
    options: {
      folder: { type: "string", default: "dist" },
      repository: { type: "string" },
      earlier: { type: "string" },
    },
  });
  if (repository === undefined) throw new Error("--repository is missing");
  const feed = earlier === undefined ? {} : { earlier: JSON.parse(await readFile(earlier, "utf8")) as ReleaseFeed };
  await writeReleaseFiles(folder, { version: config.version, repository, ...feed });
}

if (import.meta.main) await main();
