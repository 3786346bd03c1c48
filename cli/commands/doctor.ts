import { success } from "../../server/outcome.ts";
import { outcomeOf } from "../../server/outcome.ts";
import type { CliContext, CommonFlags } from "../context.ts";
import { type CheckResult, runChecks } from "../doctor_checks.ts";
import type { DatabaseFlags } from "../open_store.ts";
import { type Cell, formatTable } from "../render/table.ts";
import { checkServer } from "../server_check.ts";
import type { Style } from "../style.ts";

/** Flags of `flow doctor`. */
export interface DoctorFlags extends CommonFlags, DatabaseFlags {
  readonly json?: boolean | undefined;
  readonly server?: string | undefined;
}

/** `flow doctor`: whether all that flow needs is there and sound; with `--server`, whether that server can take work. */
export async function examine(context: CliContext, flags: DoctorFlags): Promise<number> {
  const { out, outStyle } = context;
  const results = flags.server === undefined
    ? await runChecks(context.platform, flags)
    : [await checkServer(flags.server)];
  const isFine = results.every(({ ok }) => ok);
  out.write(
    flags.json ? `${JSON.stringify({ ok: isFine, checks: results }, null, 2)}\n` : formatChecks(results, outStyle),
  );
  return isFine ? success.exit_code : outcomeOf("unavailable").exit_code;
}

function formatChecks(results: readonly CheckResult[], style: Style): string {
  return results.map(({ name, ok, missing, facts, problems, hint }) => {
    const row = formatTable([[
      markOf(ok, missing === true, style),
      { text: name.padEnd(10) },
      { text: facts.join(", ") },
    ]]);
    const advice = hint === undefined ? "" : `    ${style.cyan("hint:")} ${hint}\n`;
    return row + problems.map((problem) => `    ${style.red(problem)}\n`).join("") + advice;
  }).join("");
}

function markOf(ok: boolean, isMissing: boolean, style: Style): Cell {
  if (!ok) return { text: "✗", paint: style.red };
  return isMissing ? { text: "–", paint: style.dim } : { text: "✓", paint: style.green };
}
