import type { Signal } from "./types.ts";

/** What is at a path, as far as starting a program goes. */
export type FileKind = "program" | "file" | "folder" | "missing";

/** The few synchronous calls that finding programs and ending process trees needs; each runtime brings its own. */
export interface Host {
  readonly os: "linux" | "darwin" | "windows";
  readonly pid: number;
  cwd(): string;
  fileKind(path: string): FileKind;
  /** Undefined if it cannot be read; bytes that are not UTF-8 come as U+FFFD. */
  readText(path: string): string | undefined;
  /** Empty if it cannot be read. */
  listFolder(path: string): string[];
  /** Whether there was a process to signal; a negative pid means its group, signal 0 only asks. */
  kill(pid: number, signal: Signal | 0): boolean;
  /** What a program prints, or empty text if it fails. */
  run(command: string, args: string[]): string;
}
