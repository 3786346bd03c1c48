import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getPlatform } from "../../platform/mod.ts";
import { targetName } from "../../cli/build_info.ts";
import { type CliResult, runFlow } from "./cli.ts";
import { openHttpServer, type TestServer } from "./http_server.ts";
import { createSigner, type Signer } from "./minisign.ts";

/** What a stand-in for the flow executable prints when it is asked for its version. */
export function standIn(version: string): string {
  return `#!/bin/sh\n# ${"padding ".repeat(4000)}\necho "flow ${version} (stand-in, ${TARGET})"\n`;
}

const platform = getPlatform();
/** The name of this machine's system in releases. */
export const TARGET = targetName(platform.os, platform.arch);
const FILE = `flow-${TARGET}`;

type Handler = (request: Request) => Response | Promise<Response>;

/** A site with releases, and a folder in which flow 0.1.0 is installed. */
export class ReleaseSite {
  /** What is served, by path. */
  readonly pages = new Map<string, string | Handler>();
  readonly #versions: string[] = [];

  private constructor(readonly signer: Signer, readonly server: TestServer, readonly folder: string) {}

  static async open(): Promise<ReleaseSite> {
    const folder = await mkdtemp(join(tmpdir(), "flow-upgrade-"));
    await mkdir(join(folder, "bin"));
    const server = openHttpServer((request) => site.#answer(request));
    const site: ReleaseSite = new ReleaseSite(await createSigner(), server, folder);
    await site.install("0.1.0");
    return site;
  }

  /** The installed executable. */
  get path(): string {
    return join(this.folder, "bin", "flow");
  }

  get feed(): string {
    return `${this.server.url}/releases.json`;
  }

  async install(version: string): Promise<void> {
    await writeFile(this.path, standIn(version));
    await chmod(this.path, 0o751);
  }

  /** Adds a release; `changes` replace what would be served for it. */
  async publish(version: string, changes: { executable?: string; checksums?: string; comment?: string } = {}) {
    const { executable = standIn(version), comment = `flow ${version}` } = changes;
    const hash = createHash("sha256").update(executable).digest("hex");
    const checksums = changes.checksums ?? `${"0".repeat(64)}  flow-other-x64\n${hash}  ${FILE}\n`;
    this.pages.set(`/v${version}/${FILE}`, executable);
    this.pages.set(`/v${version}/SHA256SUMS`, checksums);
    this.pages.set(`/v${version}/SHA256SUMS.minisig`, await this.signer.sign(checksums, comment));
    this.#versions.push(version);
    this.pages.set("/releases.json", JSON.stringify({ flow_releases: 1, releases: this.#versions.map(entryOf) }));
  }

  /** Runs `flow upgrade` on the installed executable. */
  async upgrade(args: readonly string[] = [], env: Record<string, string> = {}): Promise<CliResult> {
    const { feed, path, signer: { publicKey } } = this;
    const settings = { FLOW_RELEASES_URL: feed, FLOW_RELEASES_KEY: publicKey, ...env };
    return await runFlow(["upgrade", "--executable", path, ...args], { env: settings });
  }

  /** What the installed executable says. */
  async installedVersion(path = this.path): Promise<string> {
    const { stdout } = await new Deno.Command(path, { args: ["--version"] }).output();
    return new TextDecoder().decode(stdout).split(" ")[1] ?? "";
  }

  /** The names in the folder of the executable. */
  async files(): Promise<string[]> {
    return (await readdir(join(this.folder, "bin"))).sort();
  }

  async read(name: string): Promise<string> {
    return await readFile(join(this.folder, "bin", name), "utf8");
  }

  async close(): Promise<void> {
    await this.server.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  #answer(request: Request): Response | Promise<Response> {
    const page = this.pages.get(new URL(request.url).pathname);
    if (page === undefined) return new Response("not here", { status: 404 });
    return typeof page === "string" ? new Response(page) : page(request);
  }
}

function entryOf(version: string) {
  return {
    version,
    notes_url: `https://example.com/v${version}`,
    checksums_url: `v${version}/SHA256SUMS`,
    files: { [TARGET]: `v${version}/${FILE}` },
  };
}

/** Calls `test` with a site of its own. */
export async function withReleases(test: (site: ReleaseSite) => Promise<void>): Promise<void> {
  const site = await ReleaseSite.open();
  try {
    await test(site);
  } finally {
    await site.close();
  }
}
