import { FlowError } from "../../engine/errors.ts";
import type { Platform } from "../../platform/types.ts";

/** Below it is all that comes along, in every sandbox: a place that all of them let files be written to. */
const CODE_FOLDER = "/home/flow";
/** What a sandbox starts Python with. */
export const START_FILE = `${CODE_FOLDER}/start.py`;
const PACKAGE_FOLDER = `${CODE_FOLDER}/package`;

const MAX_FILES = 2000;
const MAX_BYTES = 8 * 1024 * 1024;
const MAX_DEPTH = 16;
/** Folders of other machines' leavings, and what is hidden. */
const UNWANTED = /^(\.|__pycache__$|node_modules$)/;

/** What is to come along. */
export interface CodePlaces {
  /** Folders to import from. */
  path: readonly string[];
  module?: string | undefined;
  /** A relative path is relative to where flow runs. */
  file?: string | undefined;
  /** Folder of the flowengine package. */
  package?: string | undefined;
}

/** Python code, as it is in a sandbox. */
export interface CodeFiles {
  /** Contents by path. */
  files: Map<string, Uint8Array>;
  /** Folders to import from. */
  path: string[];
  /** Where `file` is. */
  file: string | undefined;
  /** Puts the paths of this machine in the place of those of the sandbox. */
  toHostText(text: string): string;
}

/**
 * Collects the code that a function needs: of each folder of `path`, and of that of `file`, the Python files and the
 * packages, with all files in them. Data elsewhere stays here.
 *
 * @throws {FlowError} `invalid_config` if it is more than 2,000 files or 8 MiB
 */
export async function collectCode(platform: Platform, places: CodePlaces): Promise<CodeFiles> {
  const { file, module, path, package: ownPackage } = withSlashes(platform, places);
  const base = file?.slice(0, file.lastIndexOf("/")) || undefined;
  const folders = [...new Set([...base === undefined ? [] : [base], ...path.map(withoutSlash)])];
  const inside = (index: number) => `${CODE_FOLDER}/path/${index}`;
  const collector = new CodeCollector(platform, ownPackage);
  if (ownPackage !== undefined) await collector.addPackage(ownPackage, `${PACKAGE_FOLDER}/flowengine`);
  const named = module?.split(".")[0];
  for (const [index, folder] of folders.entries()) await collector.addFolder(folder, inside(index), named);
  return {
    files: collector.files,
    path: [...folders.map((_, index) => inside(index)), PACKAGE_FOLDER],
    file: file === undefined ? undefined : `${inside(0)}/${file.slice(file.lastIndexOf("/") + 1)}`,
    toHostText: (text) =>
      folders.reduce((all, folder, index) => all.replaceAll(`"${inside(index)}/`, `"${folder}/`), text),
  };
}

class CodeCollector {
  readonly files = new Map<string, Uint8Array>();
  readonly #platform: Platform;
  readonly #ownPackage: string | undefined;
  #bytes = 0;

  constructor(platform: Platform, ownPackage: string | undefined) {
    this.#platform = platform;
    this.#ownPackage = ownPackage;
  }

  /** Adds the Python files of a folder to import from, and its packages; `named` is one without `__init__.py`, too. */
  async addFolder(folder: string, target: string, named: string | undefined): Promise<void> {
    for (const { name, isDirectory } of await this.#list(folder)) {
      const [source, place] = [`${folder}/${name}`, `${target}/${name}`];
      if (!isDirectory) {
        if (name.endsWith(".py")) await this.#addFile(source, place);
      } else if (source !== this.#ownPackage && (name === named || await this.#isPackage(source))) {
        await this.#addTree(source, place, MAX_DEPTH, () => true);
      }
    }
  }

  /** Adds the Python files of a package. */
  async addPackage(folder: string, target: string): Promise<void> {
    await this.#addTree(folder, target, MAX_DEPTH, (name) => name.endsWith(".py"));
  }

  async #addTree(folder: string, target: string, depth: number, isWanted: (name: string) => boolean): Promise<void> {
    if (depth === 0) return;
    for (const { name, isDirectory } of await this.#list(folder)) {
      const [source, place] = [`${folder}/${name}`, `${target}/${name}`];
      if (isDirectory) await this.#addTree(source, place, depth - 1, isWanted);
      else if (isWanted(name)) await this.#addFile(source, place);
    }
  }

  async #list(folder: string): Promise<{ name: string; isDirectory: boolean }[]> {
    // As for Python, a folder that is not there has no modules.
    const entries = await this.#platform.listFolder(folder).catch(() => []);
    return entries.filter(({ name }) => !UNWANTED.test(name));
  }

  async #isPackage(folder: string): Promise<boolean> {
    const init = await this.#platform.stat(`${folder}/__init__.py`).catch(() => undefined);
    return init?.isFile === true;
  }

  async #addFile(source: string, target: string): Promise<void> {
    const stat = await this.#platform.stat(source).catch(() => undefined);
    if (stat?.isFile !== true) return;
    const bytes = await this.#platform.readFile(source, MAX_BYTES).catch((error) => {
      if (error instanceof FlowError && error.code === "invalid_argument") throw tooMuch(source);
      throw error;
    });
    this.#bytes += bytes.length;
    this.files.set(target, bytes);
    if (this.files.size > MAX_FILES || this.#bytes > MAX_BYTES) throw tooMuch(source);
  }
}

/** Windows takes slashes for its own, and we look for no others. */
function withSlashes({ os, cwd }: Platform, { file, path, module, package: ownPackage }: CodePlaces): CodePlaces {
  const toSlashes = (text: string) => os === "windows" ? text.replaceAll("\\", "/") : text;
  const isAbsolute = (text: string) => text.startsWith("/") || (os === "windows" && /^[A-Za-z]:\//.test(text));
  const toAbsolute = (text: string) => isAbsolute(text) ? text : `${toSlashes(cwd())}/${text}`;
  return {
    path: path.map(toSlashes),
    module,
    file: file === undefined ? undefined : toAbsolute(toSlashes(file)),
    package: ownPackage === undefined ? undefined : toSlashes(ownPackage),
  };
}

function withoutSlash(path: string): string {
  return path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
}

function tooMuch(source: string): FlowError {
  return new FlowError(
    "invalid_config",
    `Cannot bring the code along into the sandbox: with "${source}" it is more than 2,000 files or 8 MiB`,
    { hint: "Put the tasks into a folder of their own, or into the image.", retryable: false },
  );
}
