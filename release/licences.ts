import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Licences whose terms a notice fulfils. */
const ALLOWED = ["MIT", "ISC", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "0BSD", "Unlicense"];

interface Manifest {
  name: string;
  version: string;
  license?: string;
  author?: string | { name: string };
}

/**
 * The licences of the packages that `files` belong to, as a text that has to go wherever they go; with that of the
 * runtime, if it goes along.
 *
 * @throws {Error} if one of them may not be used, or does not come with its licence
 */
export async function describeLicences(
  files: readonly string[],
  { withRuntime = false }: { withRuntime?: boolean } = {},
): Promise<string> {
  const folders = [...new Set(files.map(packageFolder))];
  const packages = await Promise.all(folders.map(describePackage));
  if (withRuntime) packages.push(await describeRuntime());
  packages.sort((a, b) => a.title < b.title ? -1 : 1);
  return ["This package contains code of others, under these licences.\n", ...packages.map(({ text }) => text)].join(
    "\n",
  );
}

interface Licence {
  readonly title: string;
  readonly text: string;
}

async function describePackage(folder: string): Promise<Licence> {
  const manifest: Manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  const { name, version, license } = manifest;
  const title = `${name} ${version}`;
  if (license === undefined || !ALLOWED.includes(license)) {
    throw new Error(
      `${title} cannot be used: its licence is ${license ?? "unknown"}, and none of ${ALLOWED.join(", ")}`,
    );
  }
  const text = await readLicence(folder) ?? await writeLicence(manifest);
  if (text === undefined) throw new Error(`${title} cannot be used: it comes without the text of its licence`);
  return format(title, license, text);
}

async function describeRuntime(): Promise<Licence> {
  const version = Deno.version.deno;
  const manifest = { name: "deno", version, license: "MIT", author: "2018-2026 the Deno authors" };
  return format(`deno ${version}`, manifest.license, await writeLicence(manifest) ?? "");
}

function format(title: string, license: string, text: string): Licence {
  return { title, text: `${"-".repeat(80)}\n${title} (${license})\n\n${text.trim()}\n` };
}

async function readLicence(folder: string): Promise<string | undefined> {
  const files = (await readdir(folder)).filter((entry) => /^(licen[cs]e|copying|notice)/i.test(entry)).sort();
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")));
  return texts.length === 0 ? undefined : texts.join("\n");
}

/** For packages that name their licence, but do not bring its text. */
async function writeLicence({ name, license, author }: Manifest): Promise<string | undefined> {
  if (license === "Apache-2.0") return "See LICENSE-APACHE.";
  if (license !== "MIT") return undefined;
  const holder = (typeof author === "string" ? author : author?.name) ?? `The authors of ${name}`;
  const ours = await readFile(new URL("../LICENSE-MIT", import.meta.url), "utf8");
  return ours.replace(/^Copyright .*$/m, `Copyright (c) ${holder}`);
}

/** The folder of the package that a file in `node_modules` belongs to. */
function packageFolder(file: string): string {
  const found = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(dirname(file))?.[0];
  if (found === undefined) throw new Error(`"${file}" belongs to no package`);
  return found;
}
