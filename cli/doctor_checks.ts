import { toFlowError } from "../engine/errors.ts";
import type { Platform } from "../platform/types.ts";
import { type DatabaseFlags, databasePath } from "./open_store.ts";
import { formatBytes } from "./render/quantities.ts";
import { checkTools } from "./tool_checks.ts";
import { version } from "../server/version.ts";

/** What one check has found. */
export interface CheckResult {
  name: string;
  ok: boolean;
  /** It is a tool that is not there; that is no problem for workflows that do not need it. */
  missing?: boolean;
  /** What there is, for people. */
  facts: string[];
  problems: string[];
  hint?: string;
}

type Findings = Omit<CheckResult, "name" | "ok" | "missing">;

/** What can be looked at. A check that throws has found a problem. */
const CHECKS: readonly { name: string; run: (platform: Platform, flags: DatabaseFlags) => Promise<Findings> }[] = [
  { name: "flow", run: checkProgram },
  { name: "terminal", run: checkTerminal },
  { name: "database", run: checkDatabaseFile },
  { name: "disk", run: checkDisk },
];

/** Runs all checks, one after the other, and looks for the tools that some node types need. */
export async function runChecks(platform: Platform, flags: DatabaseFlags): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  for (const { name, run } of CHECKS) {
    const findings = await run(platform, flags).catch(toFindings);
    results.push({ name, ok: findings.problems.length === 0, ...findings });
  }
  return [...results, ...await checkTools(platform)];
}

function toFindings(thrown: unknown): Findings {
  const { message, hint } = toFlowError(thrown);
  return { facts: [], problems: [message], ...(hint === undefined ? {} : { hint }) };
}

function checkProgram(platform: Platform): Promise<Findings> {
  // Deno, Node and Bun all name themselves and their version there.
  return Promise.resolve({ facts: [`flow ${version}`, navigator.userAgent, platform.os], problems: [] });
}

function checkTerminal(platform: Platform): Promise<Findings> {
  const size = platform.terminalSize();
  const kind = platform.env("TERM") ?? "unknown";
  const facts = platform.isTerminal("stderr") && size !== null
    ? [`${kind}, ${size.columns} x ${size.rows}`]
    : ["none: output goes to a file or a pipe"];
  return Promise.resolve({ facts, problems: [] });
}

async function checkDatabaseFile(platform: Platform, flags: DatabaseFlags): Promise<Findings> {
  const path = databasePath(platform, flags);
  if (await platform.stat(path) === undefined) {
    return { facts: [path, "not there yet"], problems: await findObstacles(path) };
  }
  const { checkDatabase } = await import("../store/integrity.ts");
  const { size_bytes, version: layout, executions, problems } = await checkDatabase(path);
  const facts = [
    path,
    formatBytes(size_bytes),
    `layout ${layout}`,
    executions === 1 ? "1 execution" : `${executions} executions`,
  ];
  const all = [...problems, ...await findObstacles(path)];
  if (all.length === 0) return { facts, problems: all };
  return { facts, problems: all, hint: "Restore a backup, or name another database with --db or FLOW_DB." };
}

/** Why nothing can be written to `path`. */
async function findObstacles(path: string): Promise<string[]> {
  const { access, constants, stat } = await import("node:fs/promises");
  const { resolve } = await import("node:path");
  const place = await nearestExisting(path);
  if (place !== resolve(path) && (await stat(place)).isFile()) return [`"${place}" is not a folder`];
  try {
    await access(place, constants.W_OK);
    return [];
  } catch {
    return [`"${place}" is not writable`];
  }
}

async function checkDisk(platform: Platform, flags: DatabaseFlags): Promise<Findings> {
  const { statfs } = await import("node:fs/promises");
  const { bavail, bsize } = await statfs(await nearestExisting(databasePath(platform, flags)));
  const free = bavail * bsize;
  const facts = [`${formatBytes(free)} free`];
  if (free > LITTLE_SPACE) return { facts, problems: [] };
  const hint = 'Free some space, or delete old executions with "flow executions prune --keep 100".';
  return { facts, problems: ["The disk is almost full"], hint };
}

/** With less, a database cannot be trusted to take what a workflow puts out. */
const LITTLE_SPACE = 100 * 1024 * 1024;

/** `path`, or the nearest folder above it that is there. */
async function nearestExisting(path: string): Promise<string> {
  const { stat } = await import("node:fs/promises");
  const { dirname, resolve } = await import("node:path");
  for (let place = resolve(path);; place = dirname(place)) {
    const isThere = await stat(place).then(() => true, () => false);
    if (isThere || place === dirname(place)) return place;
  }
}
