import { buildCommand, buildRouteMap } from "@stricli/core";
import { FlowError } from "../engine/errors.ts";
import { systemClock } from "../engine/clock.ts";
import { normalizeTime } from "../engine/store.ts";
import type { CacheClearFlags, CacheListFlags } from "./commands/cache.ts";
import type { CancelFlags } from "./commands/cancel_execution.ts";
import type { DoctorFlags } from "./commands/doctor.ts";
import type { LogsFlags } from "./commands/execution_logs.ts";
import type { ExplainFlags } from "./commands/explain.ts";
import type { ListFlags } from "./commands/list_executions.ts";
import type { PruneFlags } from "./commands/prune_executions.ts";
import type { ShowFlags } from "./commands/show_execution.ts";
import { parseDuration } from "./duration.ts";
import {
  databaseFlag,
  debugFlag,
  examples,
  executionArgument,
  jsonFlag,
  lazily,
  nodesFlag,
  type ProgramContext,
  serverFlags,
  switchFlag,
  textFlag,
} from "./route.ts";

const list = buildCommand<ListFlags, [], ProgramContext>({
  loader: lazily(async () => (await import("./commands/list_executions.ts")).listExecutions),
  parameters: {
    flags: {
      status: {
        kind: "enum",
        values: ["running", "interrupted", "succeeded", "failed", "cancelled"],
        optional: true,
        brief: "Only those that are so",
      },
      workflow: textFlag("Only those of the workflow with this id", "ID"),
      since: timeFlag("Only those that began at this time or later: 2h, 7d, or 2026-01-31T12:00:00Z"),
      until: timeFlag("Only those that began before this time"),
      all: switchFlag("Those too that others have called"),
      calledBy: textFlag("Only those that this execution has called", "ID"),
      limit: countFlag("Not more than so many (default: 20)"),
      ...jsonFlag,
      ...serverFlags,
      ...databaseFlag,
      ...debugFlag,
    },
    aliases: { n: "limit" },
  },
  docs: {
    brief: "List executions, the newest first",
    customUsage: ["[options]"],
    fullDescription: "Lists executions, the newest first. One whose process has died is interrupted, not running." +
      examples(
        "flow executions",
        "flow executions list --status failed --since 24h",
        "flow executions list --workflow nightly --json | jq -r '.[].execution_id'",
      ),
  },
});

const show = buildCommand<ShowFlags, [string], ProgramContext>({
  loader: lazily(async () => (await import("./commands/show_execution.ts")).showExecution),
  parameters: {
    flags: { ...jsonFlag, ...serverFlags, ...databaseFlag, ...debugFlag },
    positional: executionArgument,
  },
  docs: {
    brief: "Show one execution: its nodes, inputs and outputs",
    fullDescription: "Shows where an execution stands, what became of each node, what went in and what came out." +
      examples("flow executions show last", "flow executions show 019ab3c4-5d6e --json | jq .outputs"),
  },
});

const logs = buildCommand<LogsFlags, [string], ProgramContext>({
  loader: lazily(async () => (await import("./commands/execution_logs.ts")).printLogs),
  parameters: {
    flags: {
      node: textFlag("Only the lines of this node, without its name in front", "NODE"),
      follow: switchFlag("Go on while it runs, in whichever process, until it ends"),
      stdout: switchFlag("Only what commands printed to stdout"),
      stderr: switchFlag("Only what commands printed to stderr"),
      ...jsonFlag,
      ...serverFlags,
      ...databaseFlag,
      ...debugFlag,
    },
    aliases: { f: "follow" },
    positional: executionArgument,
  },
  docs: {
    brief: "Print what the nodes of an execution told",
    fullDescription: "Prints what the nodes of an execution told, or tell while it runs." +
      examples("flow executions logs last --follow", "flow executions logs last --node build --stderr"),
  },
});

const cancel = buildCommand<CancelFlags, [string], ProgramContext>({
  loader: lazily(async () => (await import("./commands/cancel_execution.ts")).cancelExecution),
  parameters: {
    flags: {
      reason: textFlag("Why, for the history", "TEXT"),
      ...nodesFlag,
      ...serverFlags,
      ...databaseFlag,
      ...debugFlag,
    },
    positional: executionArgument,
  },
  docs: {
    brief: "Cancel an execution, in whichever process it runs",
    fullDescription: "Asks the process that runs an execution to cancel it, and waits until it has. Of an interrupted" +
      " execution, it ends what may still run, and closes it." + examples("flow executions cancel 019ab3c4-5d6e"),
  },
});

const prune = buildCommand<PruneFlags, [], ProgramContext>({
  loader: lazily(async () => (await import("./commands/prune_executions.ts")).pruneExecutions),
  parameters: {
    flags: {
      olderThan: {
        kind: "parsed",
        parse: parseDuration,
        optional: true,
        placeholder: "TIME",
        brief: "Only those that ended longer ago, such as 30d",
      },
      keep: countFlag("Never the newest so many"),
      dryRun: switchFlag("Only say how many it would delete"),
      ...jsonFlag,
      ...databaseFlag,
      ...debugFlag,
    },
  },
  docs: {
    brief: "Delete old executions and give their space back",
    customUsage: ["[options]"],
    fullDescription: "Deletes executions that have ended, with all that belongs to them. Running and interrupted ones" +
      " stay. Of both conditions, each must hold." +
      examples("flow executions prune --older-than 30d --keep 1000", "flow executions prune --keep 100 --dry-run"),
  },
});

/** `flow executions`; alone, it lists them. */
export const executions = buildRouteMap({
  routes: { list, show, logs, cancel, prune },
  defaultCommand: "list",
  docs: { brief: "List, show, follow, cancel and delete executions" },
});

/** `flow explain`. */
export const explain = buildCommand<ExplainFlags, [string], ProgramContext>({
  loader: lazily(async () => (await import("./commands/explain.ts")).explain),
  parameters: {
    flags: { ...jsonFlag, ...serverFlags, ...databaseFlag, ...debugFlag },
    positional: executionArgument,
  },
  docs: {
    brief: "Say why an execution went as it did, and where its time went",
    fullDescription: "Says why nodes failed, were skipped, retried or taken from the cache, what they waited for, and" +
      " which of them decided how long it took." + examples("flow explain last", "flow explain last --json"),
  },
});

const cacheList = buildCommand<CacheListFlags, [], ProgramContext>({
  loader: lazily(async () => (await import("./commands/cache.ts")).listCache),
  parameters: { flags: { ...jsonFlag, ...databaseFlag, ...debugFlag } },
  docs: {
    brief: "List the cached results of nodes",
    customUsage: ["[options]"],
    fullDescription: "Lists the results that nodes with `cache` may take." + examples("flow cache list --json"),
  },
});

const cacheClear = buildCommand<CacheClearFlags, [], ProgramContext>({
  loader: lazily(async () => (await import("./commands/cache.ts")).clearCache),
  parameters: {
    flags: {
      type: textFlag("Only results of this node type", "TYPE"),
      ...databaseFlag,
      ...debugFlag,
    },
  },
  docs: {
    brief: "Forget cached results",
    customUsage: ["[options]"],
    fullDescription: "Forgets cached results." + examples("flow cache clear", "flow cache clear --type http.request"),
  },
});

/** `flow cache`; alone, it lists the results. */
export const cache = buildRouteMap({
  routes: { list: cacheList, clear: cacheClear },
  defaultCommand: "list",
  docs: { brief: "List or forget the cached results of nodes" },
});

/** `flow doctor`. */
export const doctor = buildCommand<DoctorFlags, [], ProgramContext>({
  loader: lazily(async () => (await import("./commands/doctor.ts")).examine),
  parameters: {
    flags: {
      server: textFlag("Check only whether this server can take work; no token needed", "URL"),
      ...jsonFlag,
      ...databaseFlag,
      ...debugFlag,
    },
  },
  docs: {
    brief: "Check the database, the disk and the rest of what flow needs",
    customUsage: ["[options]"],
    fullDescription:
      "Checks what flow needs, above all every page of the database. Ends with 6 if something is wrong." +
      examples("flow doctor", "flow doctor --db backup.db --json", "flow doctor --server http://127.0.0.1:3000"),
  },
});

function timeFlag<const Brief extends string>(brief: Brief) {
  return { kind: "parsed", parse: parseTime, optional: true, placeholder: "TIME", brief } as const;
}

/** RFC 3339 of a time, or of how long ago it was. */
function parseTime(text: string): string {
  if (/^[\d.]+[a-z]/.test(text)) return new Date(systemClock.now() - parseDuration(text)).toISOString();
  return normalizeTime(text);
}

function countFlag<const Brief extends string>(brief: Brief) {
  return { kind: "parsed", parse: parseCount, optional: true, placeholder: "N", brief } as const;
}

function parseCount(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new FlowError("invalid_argument", `Cannot use "${text}" as a number of executions`, {
    hint: "Write a whole number, such as 100.",
  });
}
