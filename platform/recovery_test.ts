import assert from "node:assert/strict";
import { getPlatform } from "./mod.ts";
import { createOwner, isOwnerGone, recoveryOptions, type RecoveryPlatform } from "./recovery.ts";

/** A machine on which these processes live, seen by the one with pid 10. */
function machine(living: Readonly<Record<number, string>>, hostname = "here"): RecoveryPlatform {
  return { hostname: () => hostname, pid: 10, startedOf: (pid) => living[pid], endLeftovers: () => Promise.resolve(0) };
}

const LIVING = { 10: "boot-1:100", 11: "boot-1:200" };

Deno.test("createOwner() tells the engines of one process apart", () => {
  const platform = machine(LIVING);
  assert.match(createOwner(platform), /^here:10:boot-1:100#\w{8}$/);
  assert.notEqual(createOwner(platform), createOwner(platform));
});

Deno.test("isOwnerGone() knows the dead of this machine, and those whose pid another process has now", () => {
  const platform = machine(LIVING);
  assert.equal(isOwnerGone(platform, createOwner(platform)), false);
  assert.equal(isOwnerGone(platform, "here:11:boot-1:200#0123abcd"), false);
  assert.equal(isOwnerGone(platform, "here:11:boot-1:200"), false, "as earlier versions named themselves");
  assert.equal(isOwnerGone(platform, "here:11:boot-0:200#0123abcd"), true);
  assert.equal(isOwnerGone(platform, "here:12:boot-1:300#0123abcd"), true);
});

Deno.test("isOwnerGone() takes nobody for dead whom it cannot see", () => {
  const elsewhere = "there:12:boot-1:300#0123abcd";
  assert.equal(isOwnerGone(machine(LIVING), elsewhere), false);
  for (const owner of ["", "worker-7", "here:12:", "here:12:#0123abcd", "here:twelve:boot-1:300"]) {
    assert.equal(isOwnerGone(machine(LIVING), owner), false, owner);
  }
  assert.equal(isOwnerGone(machine({}), "here:12:boot-1:300#0123abcd"), false, "a process without any permission");
});

Deno.test("recoveryOptions() ends what an attempt has left running", async () => {
  const ended: string[] = [];
  const endLeftovers: RecoveryPlatform["endLeftovers"] = ({ mark }) => {
    ended.push(mark);
    return Promise.resolve(1);
  };
  await recoveryOptions({ ...getPlatform(), ...machine(LIVING), endLeftovers }).endLeftover({ mark: "attempt" });
  assert.deepEqual(ended, ["attempt"]);
});
