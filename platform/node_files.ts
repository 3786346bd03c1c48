import type { Stats } from "node:fs";
import { type FileHandle, mkdir, open, readdir, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import process from "node:process";
import { BoundedBytes } from "./bounded_bytes.ts";
import { codeOf, fileError } from "./node_errors.ts";
import type { FileStat, FolderEntry, Platform } from "./types.ts";

type FileCalls = Pick<
  Platform,
  "readFile" | "writeFile" | "replaceFile" | "listFolder" | "makeDir" | "stat" | "readStdin"
>;

/** The calls of a {@link Platform} that read and write files, by `node:fs`. */
export const fileCalls: FileCalls = {
  readFile: (path, maxBytes) => translate("read", path, () => readFile(path, maxBytes)),
  writeFile: (path, data, { createNew = false, mode } = {}) =>
    translate("write", path, () =>
      writeFile(path, data, {
        flag: createNew ? "wx" : "w",
        ...(mode === undefined ? {} : { mode }),
      })),
  replaceFile: (path, data) => translate("write", path, () => replaceFile(path, data)),
  listFolder: (path) => translate("list", path, () => listFolder(path)),
  makeDir: (path, options = {}) =>
    translate("create", path, async () => void await mkdir(path, { recursive: true, ...options })),
  stat: (path) => translate("look at", path, () => lookAt(path)),
  readStdin,
};

async function translate<T>(action: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fileError(action, path, error);
  }
}

async function readFile(path: string, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const file = await open(path);
  try {
    return await readAll(`"${path}"`, file, maxBytes);
  } finally {
    await file.close();
  }
}

async function readAll(name: string, file: FileHandle, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new BoundedBytes(name, maxBytes);
  for (;;) {
    const { bytesRead } = await file.read(bytes.free, 0);
    if (bytesRead === 0) return bytes.taken;
    bytes.take(bytesRead);
  }
}

async function readStdin(maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new BoundedBytes("stdin", maxBytes);
  for await (const chunk of process.stdin) bytes.push(chunk as Uint8Array);
  return bytes.taken;
}

async function lookAt(path: string): Promise<FileStat | undefined> {
  try {
    const info = await stat(path);
    const mode = process.platform === "win32" ? undefined : info.mode & 0o777;
    return {
      isFile: info.isFile(),
      isDirectory: info.isDirectory(),
      isDevice: isDevice(info),
      size: info.size,
      mode,
    };
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(codeOf(error) ?? "")) return undefined;
    throw error;
  }
}

function isDevice(info: Stats): boolean {
  return info.isCharacterDevice() || info.isBlockDevice();
}

/** The entries of a folder by name; a link counts as what it leads to, and not at all if that is gone. */
async function listFolder(path: string): Promise<FolderEntry[]> {
  const entries: FolderEntry[] = [];
  for (const entry of await readdir(path, { withFileTypes: true })) {
    const { name } = entry;
    if (!entry.isSymbolicLink()) entries.push({ name, isDirectory: entry.isDirectory() });
    else {
      const target = await stat(`${path}/${name}`).catch(() => undefined);
      if (target !== undefined) entries.push({ name, isDirectory: target.isDirectory() });
    }
  }
  return entries.sort((a, b) => a.name < b.name ? -1 : 1);
}

/** Writes beside the file and renames: whoever reads sees the old text or the new one, also after a crash. */
async function replaceFile(path: string, data: string): Promise<void> {
  const target = await realpath(path).catch(() => path);
  const mode = await stat(target).then((info) => info.mode & 0o7777, () => undefined);
  const beside = `${target}.${process.pid}.${crypto.randomUUID().slice(0, 8)}.tmp`;
  try {
    const file = await open(beside, "wx");
    try {
      await file.writeFile(data);
      // Asked for at creation it would be cut by the umask.
      if (mode !== undefined && process.platform !== "win32") await file.chmod(mode);
    } finally {
      await file.close();
    }
    await rename(beside, target);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}
