import { FlowError } from "../../engine/errors.ts";
import type { ZypiCommand } from "./client.ts";

/** A file that has to be in the VM before the command starts. */
export interface GuestFile {
  /** Absolute, without `.` and `..`. */
  path: string;
  content: string | Uint8Array;
}

/** Where the server itself writes files to; all other places are refused "for security reasons". */
const WRITABLE = ["/tmp/", "/var/tmp/", "/var/log/", "/home/"];

/** The files of a command, by absolute paths. @throws {FlowError} `invalid_input` */
export function listFiles({ files = {}, workdir = "/" }: ZypiCommand): GuestFile[] {
  return Object.entries(files).map(([path, content]) => {
    const absolute = resolvePath(workdir, path);
    if (path.includes("\0") || path.endsWith("/") || absolute === "/") {
      throw new FlowError("invalid_input", `"${path}" is not the path of a file in the VM`, {
        hint: "Name each file by a path such as /tmp/input.txt.",
        retryable: false,
      });
    }
    return { path: absolute, content };
  });
}

/** An absolute path without `.`, `..` and double slashes. */
export function resolvePath(folder: string, path: string): string {
  const parts: string[] = [];
  for (const part of (path.startsWith("/") ? path : `${folder}/${path}`).split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

/** The folder that a file is in. */
export function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}

/** Whether the server writes there by itself. */
export function isWritableByServer(path: string): boolean {
  return WRITABLE.some((folder) => path.startsWith(folder));
}

/** The content as text; undefined if it is not UTF-8. */
export function asText(content: string | Uint8Array): string | undefined {
  if (typeof content === "string") return content.isWellFormed() ? content : content.toWellFormed();
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(content);
  } catch {
    return undefined;
  }
}

/** The content as bytes. */
export function asBytes(content: string | Uint8Array): Uint8Array {
  return typeof content === "string" ? new TextEncoder().encode(content) : content;
}
