import assert from "node:assert/strict";
import { compareVersions, isFinal, isVersion } from "./version_order.ts";

Deno.test("compareVersions() orders versions as semver.org does", () => {
  const inOrder = [
    "0.9.0",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.9",
    "1.0.10",
    "1.2.0",
    "10.0.0",
  ];
  for (const [index, version] of inOrder.entries()) {
    assert.equal(compareVersions(version, version), 0);
    for (const later of inOrder.slice(index + 1)) {
      assert.ok(compareVersions(version, later) < 0, `${version} < ${later}`);
      assert.ok(compareVersions(later, version) > 0, `${later} > ${version}`);
    }
  }
});

Deno.test("isVersion() takes three numbers and a label, and nothing that could be a path or a command", () => {
  for (const version of ["0.1.0", "1.2.3-beta.1"]) assert.ok(isVersion(version), version);
  for (const text of ["", "1", "1.2", "v1.2.3", "1.2.3 ", "1.2.3/..", "1.2.3\n", "../1.2.3", "1.2.3-"]) {
    assert.ok(!isVersion(text), JSON.stringify(text));
  }
  assert.ok(isFinal("1.2.3") && !isFinal("1.2.3-rc.1"));
});
