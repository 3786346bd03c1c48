import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findPrograms, parseProgram } from "./python_wheels.ts";
import { fileName, findTarget, hostTarget, targets } from "./targets.ts";
import { findMisfit, requiredGlibc, wheelTag } from "./wheel_platforms.ts";

const LINUX = findTarget("linux-x64");
const WINDOWS = findTarget("windows-x64");

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
  assert.equal(findMisfit(elf(0xb7), findTarget("linux-arm64")), undefined);
  const mac = (processor: number) => new Uint8Array([0xcf, 0xfa, 0xed, 0xfe, processor, 0, 0, 1]);
  assert.equal(findMisfit(mac(0x07), findTarget("macos-x64")), undefined);
  assert.equal(findMisfit(mac(0x0c), findTarget("macos-arm64")), undefined);
  assert.equal(findMisfit(windows([0x64, 0x86]), WINDOWS), undefined);
});

Deno.test("findMisfit() refuses programs of other systems and processors", () => {
  assert.match(findMisfit(new TextEncoder().encode("#!/bin/sh"), LINUX) ?? "", /no program of that system/);
  assert.match(findMisfit(new Uint8Array(), WINDOWS) ?? "", /no program of that system/);
  assert.match(findMisfit(new Uint8Array([0x4d, 0x5a]), WINDOWS) ?? "", /another processor/);
  assert.match(findMisfit(elf(0xb7), LINUX) ?? "", /another processor/);
  assert.match(findMisfit(windows([0x64, 0xaa]), WINDOWS) ?? "", /another processor/);
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
  assert.equal(findMisfit(await Deno.readFile(Deno.execPath()), hostTarget()), undefined);
});

Deno.test("parseProgram() reads TARGET=PROGRAM", () => {
  assert.deepEqual(parseProgram("linux-x64=/a=b/flow"), { target: LINUX, path: "/a=b/flow" });
  assert.throws(() => parseProgram("dist/flow"), /"dist\/flow" is not TARGET=PROGRAM/);
  assert.throws(() => parseProgram("=dist/flow"), /is not TARGET=PROGRAM/);
  assert.throws(() => parseProgram("sparc=dist/flow"), /no target "sparc"/);
});

Deno.test("findPrograms() takes what has the names of a release", async () => {
  const folder = await mkdtemp(join(tmpdir(), "flow-wheels-"));
  try {
    await assert.rejects(findPrograms(folder), /There is no program in/);
    for (const target of [LINUX, WINDOWS]) await writeFile(join(folder, fileName(target)), "");
    await writeFile(join(folder, "SHA256SUMS"), "");
    assert.deepEqual((await findPrograms(folder)).map(({ target }) => target.name), ["linux-x64", "windows-x64"]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

Deno.test("there is a wheel for every target of a release", () => {
  assert.equal(new Set(targets.map(wheelTag)).size, targets.length);
});
