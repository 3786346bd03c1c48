/**
 * Prints the list of what is in an executable, as CycloneDX 1.6: `deno run -A release/sbom.ts > sbom.cdx.json`.
 *
 * Which packages that are is what the bundler has taken in; versions, hashes and who needs whom come from deno.lock.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import config from "../deno.json" with { type: "json" };
import { bundleProgram } from "./bundle.ts";

/** What deno.lock tells of a package; the key is its name and version, followed by those of its peers. */
interface LockedPackage {
  readonly integrity?: string;
  readonly dependencies?: readonly string[];
}

/** What there is to know. */
export interface SbomSources {
  readonly version: string;
  /** Of Deno, which is in every executable. */
  readonly runtimeVersion: string;
  /** When the commit was made, so that the same commit makes the same list. */
  readonly timestamp: string;
  /** The part `npm` of deno.lock. */
  readonly locked: Readonly<Record<string, LockedPackage>>;
  /** Names and versions of packages, such as `zod@4.6.7`; peers may follow behind `_`. */
  readonly shipped: ReadonlySet<string>;
}

interface Component {
  readonly type: "library" | "platform";
  readonly "bom-ref": string;
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly hashes?: readonly { alg: string; content: string }[];
}

/** @throws {Error} if a package is shipped that is not locked */
export function describeSbom(sources: SbomSources): Record<string, unknown> {
  const { version, runtimeVersion, timestamp, locked, shipped } = sources;
  const keys = [...shipped].map((name) => findLocked(locked, name)).sort();
  const program = `pkg:generic/flowengine@${version}`;
  const runtime: Component = {
    type: "platform",
    "bom-ref": `pkg:github/denoland/deno@v${runtimeVersion}`,
    name: "deno",
    version: runtimeVersion,
    purl: `pkg:github/denoland/deno@v${runtimeVersion}`,
  };
  const components = keys.map((key) => describePackage(key, locked[key]));
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      timestamp,
      component: {
        type: "application",
        "bom-ref": program,
        name: "flowengine",
        version,
        purl: program,
        licenses: [{ expression: config.license }],
      },
    },
    components: [runtime, ...components],
    dependencies: [
      { ref: program, dependsOn: [runtime["bom-ref"], ...components.map((component) => component["bom-ref"])] },
      ...keys.map((key) => ({ ref: purlOf(key), dependsOn: neededBy(key, locked, keys) })),
    ],
  };
}

function findLocked(locked: SbomSources["locked"], shipped: string): string {
  const key = Object.keys(locked).find((one) => plainName(one) === plainName(shipped));
  if (key === undefined) throw new Error(`"${shipped}" is in the bundle, but not in deno.lock`);
  return key;
}

/** Without the peers. */
function plainName(key: string): string {
  return /^(@?[^@_]+@[^_]+)/.exec(key)?.[1] ?? key;
}

function describePackage(key: string, { integrity }: LockedPackage = {}): Component {
  const plain = plainName(key);
  const at = plain.lastIndexOf("@");
  const purl = purlOf(key);
  return {
    type: "library",
    "bom-ref": purl,
    name: plain.slice(0, at),
    version: plain.slice(at + 1),
    purl,
    ...(integrity === undefined ? {} : { hashes: [describeHash(integrity)] }),
  };
}

function purlOf(key: string): string {
  const plain = plainName(key);
  return `pkg:npm/${plain.startsWith("@") ? `%40${plain.slice(1)}` : plain}`;
}

/** From `sha512-` and base64. */
function describeHash(integrity: string): { alg: string; content: string } {
  const [algorithm = "", base64 = ""] = integrity.split("-", 2);
  return { alg: algorithm.replace("sha", "SHA-"), content: Uint8Array.fromBase64(base64).toHex() };
}

function neededBy(key: string, locked: SbomSources["locked"], keys: readonly string[]): string[] {
  const names = locked[key]?.dependencies ?? [];
  return keys.filter((other) => names.some((name) => isNamed(other, name))).map(purlOf);
}

/** Dependencies have no version in deno.lock where there is only one. */
function isNamed(key: string, name: string): boolean {
  const plain = plainName(key);
  return plain === plainName(name) || plain.slice(0, plain.lastIndexOf("@")) === name;
}

async function collectSources(): Promise<SbomSources> {
  const root = fileURLToPath(new URL("..", import.meta.url));
  const folder = await mkdtemp(join(tmpdir(), "flow-sbom-"));
  try {
    const { inputs } = await bundleProgram({ outputFolder: join(folder, "program") });
    // Their folders are called like `@hono+zod-openapi@1.6.3`.
    const names = inputs.flatMap((input) => /^(@?[^@/]+@[^/]+)\//.exec(input)?.[1] ?? []);
    const { stdout } = await new Deno.Command("git", { args: ["log", "-1", "--format=%cI"], cwd: root }).output();
    return {
      version: config.version,
      runtimeVersion: Deno.version.deno,
      timestamp: new Date(new TextDecoder().decode(stdout).trim()).toISOString(),
      locked: JSON.parse(await readFile(join(root, "deno.lock"), "utf8")).npm,
      shipped: new Set(names.map((name) => name.replace(/^(@[^+]+)\+/, "$1/"))),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) console.log(JSON.stringify(describeSbom(await collectSources()), null, 2));
