import { checksumOf, type Checksums } from "./checksums.ts";
import { fileName, findTarget } from "./targets.ts";

/** A release as package managers describe it. */
export interface PublishedRelease {
  readonly version: string;
  /** Where its files are; ends without a slash. */
  readonly filesUrl: string;
  readonly homepage: string;
  readonly checksums: Checksums;
}

const SUMMARY = "Runs workflows: graphs of commands, containers, HTTP calls and code";

/** The formula `flow.rb` of Homebrew (https://docs.brew.sh/Formula-Cookbook). */
export function formatFormula(release: PublishedRelease): string {
  const { version, homepage } = release;
  return `class Flow < Formula
  desc "${SUMMARY}"
  homepage "${homepage}"
  version "${version}"
  license any_of: ["MIT", "Apache-2.0"]

  on_macos do
${formatChoice(release, "macos-arm64", "macos-x64")}
  end

  on_linux do
${formatChoice(release, "linux-arm64", "linux-x64")}
  end

  def install
    bin.install Dir["flow-*"].first => "flow"
  end

  test do
    assert_match "flow #{version} ", shell_output("#{bin}/flow --version")
  end
end
`;
}

function formatChoice(release: PublishedRelease, arm: string, intel: string): string {
  return `    on_arm do
${formatSource(release, arm)}
    end
    on_intel do
${formatSource(release, intel)}
    end`;
}

function formatSource({ filesUrl, checksums }: PublishedRelease, target: string): string {
  const name = fileName(findTarget(target));
  return `      url "${filesUrl}/${name}"\n      sha256 "${checksumOf(checksums, name)}"`;
}

/** The manifest `flow.json` of Scoop (https://github.com/ScoopInstaller/Scoop/wiki/App-Manifests). */
export function describeScoopApp({ version, filesUrl, homepage, checksums }: PublishedRelease) {
  const name = fileName(findTarget("windows-x64"));
  return {
    version,
    description: SUMMARY,
    homepage,
    license: "MIT|Apache-2.0",
    // What follows the # is the name that it gets.
    architecture: { "64bit": { url: `${filesUrl}/${name}#/flow.exe`, hash: checksumOf(checksums, name) } },
    bin: "flow.exe",
  };
}
