/** What people write for sizes, shares and folders, as `docker run` reads it. Each answers undefined for what it is not. */

/** How a folder gets into a container. */
export interface Mount {
  kind: "bind" | "volume";
  /** A path on the engine's machine, or the name of a volume. */
  source: string;
  target: string;
  isReadOnly: boolean;
}

const UNITS: Readonly<Record<string, number>> = { b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

/** Bytes of `512m`, `1.5g`, `64MiB` or `1048576`. */
export function parseBytes(text: string): number | undefined {
  const [, number, unit = ""] = /^(\d+(?:\.\d+)?)\s*([bkmgt]?)(?:i?b)?$/i.exec(text.trim()) ?? [];
  if (number === undefined) return undefined;
  return Math.floor(Number(number) * (UNITS[unit.toLowerCase()] ?? 1));
}

/** A share of processors, such as `1.5`. */
export function parseCpus(value: string | number): number | undefined {
  const cpus = typeof value === "number" ? value : /^\d+(\.\d+)?$/.test(value.trim()) ? Number(value) : NaN;
  return Number.isFinite(cpus) && cpus > 0 ? cpus : undefined;
}

/**
 * `SOURCE:TARGET[:ro|:rw]`. The source is an absolute path, a path that begins with `./` or `../` (from `cwd`), or the
 * name of a volume; the target an absolute path.
 */
export function parseMount(text: string, cwd = "/"): Mount | undefined {
  const pattern = /^([A-Za-z]:[\\/][^:]*|[^:]+):([^:]+)(?::(ro|rw))?$/;
  const [, source, target, access] = pattern.exec(text) ?? [];
  if (source === undefined || target === undefined || !/^(\/|[A-Za-z]:[\\/])/.test(target)) return undefined;
  const isReadOnly = access === "ro";
  if (/^(\/|[A-Za-z]:[\\/])/.test(source)) return { kind: "bind", source, target, isReadOnly };
  if (/^\.\.?(\/|$)/.test(source)) return { kind: "bind", source: joinPath(cwd, source), target, isReadOnly };
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(source)) return undefined;
  return { kind: "volume", source, target, isReadOnly };
}

function joinPath(folder: string, path: string): string {
  const parts: string[] = [];
  for (const part of `${folder}/${path}`.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}
