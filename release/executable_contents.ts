import { Buffer } from "node:buffer";
import { readFile } from "node:fs/promises";

/** What `deno compile` has put into an executable, as far as tests and people care. */
export interface ExecutableContents {
  /** Names of permissions, such as `allow_read`, with what they are limited to; an empty list is no limit. */
  readonly permissions: Readonly<Record<string, readonly string[]>>;
  /** Whether it may ask its user for more. */
  readonly mayPrompt: boolean;
  /** Names of files, with their folders if they are in any. */
  readonly files: readonly string[];
  /** What modules of users import, by name. */
  readonly imports: Readonly<Record<string, string>>;
  /** Packages of npm; all that is needed is in the bundle, so there are none. */
  readonly hasPackages: boolean;
  /** Everything else that it was told, as it stands there. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** Begins the description, which is JSON. */
const METADATA_START = '{"argv":';
/** Begins the list of files, which comes after it. */
const FILES_START = /\[\{"(?:File|Dir)":\{"n":/;

type Entry = { File?: { n: string }; Dir?: { n: string; e: Entry[] }; Symlink?: { p: string } };

/** @throws {Error} if it is no such executable */
export async function readExecutable(path: string): Promise<ExecutableContents> {
  const bytes = await readFile(path);
  const start = bytes.lastIndexOf(METADATA_START);
  if (start < 0) throw new Error(`"${path}" was not made by deno compile`);
  const text = bytes.subarray(start).toString("latin1");
  const metadata = JSON.parse(Buffer.from(cutJson(text), "latin1").toString());
  const files = FILES_START.exec(text);
  if (files === null) throw new Error(`"${path}" has no list of files`);
  const entries: Entry[] = JSON.parse(Buffer.from(cutJson(text.slice(files.index)), "latin1").toString());
  const { prompt, ...permissions } = metadata.permissions as Record<string, string[] | null | boolean>;
  return {
    permissions: Object.fromEntries(
      Object.entries(permissions).flatMap(([name, value]) => Array.isArray(value) ? [[name, value]] : []),
    ),
    mayPrompt: prompt !== false,
    files: entries.flatMap((entry) => listNames(entry)),
    imports: JSON.parse(metadata.workspace_resolver.import_map.json).imports,
    hasPackages: metadata.node_modules !== null,
    metadata,
  };
}

function listNames({ File: file, Dir: folder }: Entry): string[] {
  if (file !== undefined) return [file.n];
  return (folder?.e ?? []).flatMap((entry) => listNames(entry)).map((name) => `${folder?.n}/${name}`);
}

/** The object or list that a text begins with. */
function cutJson(text: string): string {
  let depth = 0, isInString = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (isInString) {
      if (character === "\\") at++;
      else if (character === '"') isInString = false;
    } else if (character === '"') isInString = true;
    else if (character === "{" || character === "[") depth++;
    else if ((character === "}" || character === "]") && --depth === 0) return text.slice(0, at + 1);
  }
  throw new Error("the text ends too early");
}
