import { Buffer } from "node:buffer";
import type { Target } from "./targets.ts";

/** What a wheel for a target is called, and how its program is recognized. */
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

/** By the names of targets. */
const wheelPlatforms: Readonly<Record<string, WheelPlatform>> = {
  "linux-x64": {
    tag: `manylinux_${GLIBC.replace(".", "_")}_x86_64`,
    magic: ELF,
    machine: { offset: 18, bytes: [0x3e, 0] },
  },
  "linux-arm64": {
    tag: `manylinux_${GLIBC.replace(".", "_")}_aarch64`,
    magic: ELF,
    machine: { offset: 18, bytes: [0xb7, 0] },
  },
  "macos-x64": {
    tag: "macosx_11_0_x86_64",
    magic: MACH_O,
    machine: { offset: 4, bytes: [0x07, 0, 0, 0x01] },
  },
  "macos-arm64": {
    tag: "macosx_11_0_arm64",
    magic: MACH_O,
    machine: { offset: 4, bytes: [0x0c, 0, 0, 0x01] },
  },
  "windows-x64": {
    tag: "win_amd64",
    magic: PE,
    machine: { offset: "pe", bytes: [0x64, 0x86] },
  },
};

/** The platform tag of the wheel for a target. @throws {Error} if there is none */
export function wheelTag(target: Target): string {
  return findPlatform(target).tag;
}

/** Why a program cannot go into the wheel of a target; undefined if it can. @throws {Error} if there is no such wheel */
export function findMisfit(program: Uint8Array, target: Target): string | undefined {
  const { magic, machine } = findPlatform(target);
  if (!hasBytes(program, 0, magic)) return "it is no program of that system";
  const offset = machine.offset === "pe" ? peMachineOffset(program) : machine.offset;
  if (!hasBytes(program, offset, machine.bytes)) return "it is a program of another processor";
  const glibc = magic === ELF ? requiredGlibc(program) : undefined;
  if (glibc !== undefined && compareVersions(glibc, GLIBC) > 0) {
    return `it needs glibc ${glibc}, and its wheel promises to run with ${GLIBC}`;
  }
  return undefined;
}

function findPlatform({ name }: Target): WheelPlatform {
  const platform = wheelPlatforms[name];
  if (platform === undefined) throw new Error(`There are no wheels for ${name}`);
  return platform;
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
