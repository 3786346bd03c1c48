import assert from "node:assert/strict";
import { parseProgram } from "./python_wheels.ts";
import { findMisfit, requiredGlibc } from "./wheel_platforms.ts";

const LINUX = "x86_64-unknown-linux-gnu";

function elf(machine: number, text = ""): Uint8Array {
  const header = new Uint8Array(64);
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  header[18] = machine;
  return new Uint8Array([...header, ...new TextEncoder().encode(text)]);
}

function windows(machine: readonly number[]): Uint8Array {
  const program = new Uint8Array(256);
  program.set([0x4d, 0x5a]);
  program[0x3c] = 0x80;
  program.set([0x50, 0x45, 0, 0, ...machine], 0x80);
  return program;
}

Deno.test("findMisfit() knows the programs of each target", () => {
  assert.equal(findMisfit(elf(0x3e), LINUX), undefined);
  assert.equal(findMisfit(elf(0xb7), "aarch64-unknown-linux-gnu"), undefined);
  const mac = (processor: number) => new Uint8Array([0xcf, 0xfa, 0xed, 0xfe, processor, 0, 0, 1]);
  assert.equal(findMisfit(mac(0x07), "x86_64-apple-darwin"), undefined);
  assert.equal(findMisfit(mac(0x0c), "aarch64-apple-darwin"), undefined);
  assert.equal(findMisfit(windows([0x64, 0x86]), "x86_64-pc-windows-msvc"), undefined);
});

Deno.test("findMisfit() refuses programs of other systems and processors, and targets without wheels", () => {
  assert.match(findMisfit(new TextEncoder().encode("#!/bin/sh"), LINUX) ?? "", /no program of that system/);
  assert.match(findMisfit(new Uint8Array(), "x86_64-pc-windows-msvc") ?? "", /no program of that system/);
  assert.match(findMisfit(new Uint8Array([0x4d, 0x5a]), "x86_64-pc-windows-msvc") ?? "", /another processor/);
  assert.match(findMisfit(elf(0xb7), LINUX) ?? "", /another processor/);
  assert.match(findMisfit(windows([0x64, 0xaa]), "x86_64-pc-windows-msvc") ?? "", /another processor/);
  assert.match(findMisfit(elf(0x3e), "sparc") ?? "", /no wheels for it; there are some for x86_64-unknown-linux-gnu/);
});

Deno.test("findMisfit() refuses a program that needs a newer C library than its wheel promises", () => {
  const names = "\0GLIBC_2.4\0GLIBC_2.17\0GLIBC_2.9\0 text about GLIBC_2.99 \0GLIBC_2.2.5\0";
  assert.equal(requiredGlibc(elf(0x3e, names)), "2.17");
  assert.equal(findMisfit(elf(0x3e, names), LINUX), undefined);
  assert.match(findMisfit(elf(0x3e, "\0GLIBC_2.34\0"), LINUX) ?? "", /needs glibc 2\.34/);
});

Deno.test("the program that runs this fits, so that what is compiled with it does too", {
  ignore: Deno.build.os !== "linux",
}, async () => {
  assert.equal(findMisfit(await Deno.readFile(Deno.execPath()), Deno.build.target), undefined);
});

Deno.test("parseProgram() reads TARGET=PROGRAM", () => {
  assert.deepEqual(parseProgram(`${LINUX}=/a=b/flow`), { target: LINUX, path: "/a=b/flow" });
  assert.throws(() => parseProgram("dist/flow"), /"dist\/flow" is not TARGET=PROGRAM/);
  assert.throws(() => parseProgram("=dist/flow"), /is not TARGET=PROGRAM/);
});
