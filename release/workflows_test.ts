import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { ROOT } from "../tests/support/shell.ts";
import { describePackage } from "./npm_package.ts";

interface Job {
  readonly uses?: string;
  readonly needs?: string | readonly string[];
  readonly steps?: readonly { readonly uses?: string; readonly run?: string }[];
}

async function readJobs(name: string): Promise<Readonly<Record<string, Job>>> {
  return parse(await readFile(join(ROOT, ".github/workflows", name), "utf8")).jobs;
}

Deno.test("workflows use actions of others by commit, because tags can be moved", async () => {
  for (const name of ["ci.yml", "release.yml"]) {
    const jobs = Object.values(await readJobs(name));
    const used = jobs.flatMap(({ uses, steps = [] }) => [uses, ...steps.map((step) => step.uses)]);
    const others = used.filter((action) => action !== undefined && !action.startsWith("./"));
    assert.ok(others.length > 0, name);
    for (const action of others) assert.match(action ?? "", /^[\w-]+\/[\w-]+@[0-9a-f]{40}$/, name);
  }
});

Deno.test("a release publishes nothing before all tests have passed and all executables have run", async () => {
  const jobs = await readJobs("release.yml");
  assert.deepEqual(jobs["gate"], { uses: "./.github/workflows/ci.yml" });
  const before = (name: string): string[] => {
    const needs = [jobs[name]?.needs ?? []].flat();
    return [...needs, ...needs.flatMap(before)];
  };
  for (const name of ["publish", "npm", "pypi", "image"]) {
    for (const needed of ["gate", "try", "packages"]) assert.ok(before(name).includes(needed), `${name}: ${needed}`);
  }
});

Deno.test("a release hands npm a file, and names the repository that its provenance tells of", async () => {
  const { npm, packages } = await readJobs("release.yml");
  // npm takes a path like npm/flowengine.tgz for a repository at GitHub.
  assert.match(npm?.steps?.map(({ run }) => run).join("\n") ?? "", /^npm publish \.\/npm\/\*\.tgz /m);
  assert.match(JSON.stringify(packages), /"FLOW_REPOSITORY":"\${{ github.server_url }}\/\${{ github.repository }}"/);
  const { repository } = describePackage("https://github.com/someone/flow");
  assert.deepEqual(repository, { type: "git", url: "git+https://github.com/someone/flow.git" });
});
