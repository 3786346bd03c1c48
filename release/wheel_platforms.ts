import { Buffer } from "node:buffer";

/** What a wheel for a target of `deno compile` is called, and how its program is recognized. */
interface WheelPlatform {
  /** The tag that installers choose it by. */
  tag: string;
  /** The first bytes of the program, and what stands where for the processor. */
  magic: readonly number[];
  machine: { offset: number | "pe"; bytes: readonly number[] };
}

const ELF = [0x7f, 0x45, 0x4c, 0x46];
const MACH_O = [0xcf, 0xfa, 0xed, 0xfe];
const PE = [0x4d, 0x5a];
/** Where an executable of Windows says where its headers are. */
const PE_HEADER_AT = 0x3c;
const PE_SIGNATURE_BYTES = 4;
const GLIBC = "2.27";

/** By the names that `deno compile --target` knows. */
export const wheelPlatforms: Readonly<Record<string, WheelPlatform>> = {
  "x86_64-unknown-linux-gnu": {
    tag: `manylinux_${GLIBC.replace(".", "_")}_x86_64`,
    magic: ELF,
    machine: { offset: 18, bytes: [0x3e, 0] },
  },
  "aarch64-unknown-linux-gnu": {
    tag: `manylinux_${GLIBC.replace(".", "_")}_aarch64`,
    magic: ELF,
    machine: { offset: 18, bytes: [0xb7, 0] },
  },
  "x86_64-apple-darwin": {
    tag: "macosx_11_0_x86_64",
    magic: MACH_O,
    machine: { offset: 4, bytes: [0x07, 0, 0, 0x01] },
  },
  "aarch64-apple-darwin": {
    tag: "macosx_11_0_arm64",
    magic: MACH_O,
    machine: { offset: 4, bytes: [0x0c, 0, 0, 0x01] },
  },
  "x86_64-pc-windows-msvc": {
    tag: "win_amd64",
    magic: PE,
    machine: { offset: "pe", bytes: [0x64, 0x86] },
  },
};

/** Why a program cannot go into the wheel of a target; undefined if it can. */
export function findMisfit(program: Uint8Array, target: string): string | undefined {
  const platform = wheelPlatforms[target];
  if (platform === undefined) return `there are no wheels for it; there are some for ${knownTargets()}`;
  const { magic, machine } = platform;
  if (!hasBytes(program, 0, magic)) return "it is no program of that system";
  const offset = machine.offset === "pe" ? peMachineOffset(program) : machine.offset;
  if (!hasBytes(program, offset, machine.bytes)) return "it is a program of another processor";
  const glibc = magic === ELF ? requiredGlibc(program) : undefined;
  if (glibc !== undefined && compareVersions(glibc, GLIBC) > 0) {
    return `it needs glibc ${glibc}, and its wheel promises to run with ${GLIBC}`;
  }
  return undefined;
}

export function knownTargets(): string {
  return Object.keys(wheelPlatforms).join(", ");
}

/** The newest version of the C library that a Linux program asks for: its names stand between zero bytes. */
export function requiredGlibc(program: Uint8Array): string | undefined {
  const text = Buffer.from(program.buffer, program.byteOffset, program.byteLength).toString("latin1");
  const versions = [...text.matchAll(/\0GLIBC_(\d+\.\d+)(?:\.\d+)?(?=\0)/g)].map(([, version = ""]) => version);
  return versions.sort(compareVersions).at(-1);
}

function compareVersions(one: string, other: string): number {
  return one.localeCompare(other, "en", { numeric: true });
}

function hasBytes(program: Uint8Array, offset: number, bytes: readonly number[]): boolean {
  return bytes.every((byte, index) => program[offset + index] === byte);
}

function peMachineOffset(program: Uint8Array): number {
  if (program.length < PE_HEADER_AT + 4) return program.length;
  return new DataView(program.buffer, program.byteOffset).getUint32(PE_HEADER_AT, true) + PE_SIGNATURE_BYTES;
}
