/** A system that there is an executable for. */
export interface Target {
  /** As in names of files, such as `macos-arm64`. */
  readonly name: string;
  /** As `deno compile --target` knows it. */
  readonly triple: string;
  readonly os: "linux" | "macos" | "windows";
}

/** All of them. */
export const targets: readonly Target[] = [
  { name: "linux-x64", triple: "x86_64-unknown-linux-gnu", os: "linux" },
  { name: "linux-arm64", triple: "aarch64-unknown-linux-gnu", os: "linux" },
  { name: "macos-x64", triple: "x86_64-apple-darwin", os: "macos" },
  { name: "macos-arm64", triple: "aarch64-apple-darwin", os: "macos" },
  { name: "windows-x64", triple: "x86_64-pc-windows-msvc", os: "windows" },
];

/** The target for the machine that this runs on. @throws {Error} if there is none */
export function hostTarget(): Target {
  return findTarget(Deno.build.target);
}

/** By name or triple. @throws {Error} if there is none */
export function findTarget(name: string): Target {
  const target = targets.find((one) => one.name === name || one.triple === name);
  if (target !== undefined) return target;
  throw new Error(`There is no target "${name}": choose one of ${targets.map(({ name }) => name).join(", ")}`);
}

/** The name of the executable among the files of a release. */
export function fileName({ name, os }: Target): string {
  return `flow-${name}${os === "windows" ? ".exe" : ""}`;
}
