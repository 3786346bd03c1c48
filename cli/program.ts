import { ExitCode, run as runApplication } from "@stricli/core";
import { FlowError } from "../engine/errors.ts";
import type { Platform } from "../platform/types.ts";
import { outcomeOf } from "../server/outcome.ts";
import { createApplication, type Routes } from "./application.ts";
import { versionText } from "./build_info.ts";
import { type CliContext, createContext } from "./context.ts";
import { redirectConsole } from "./redirect_console.ts";
import { reportError } from "./report_error.ts";
import type { ProgramContext } from "./route.ts";
import { run } from "./run_route.ts";
import { handleStrayErrors } from "./stray_errors.ts";
import { createUsageText } from "./usage_text.ts";

/** Runs one command line to its end and answers the exit code; everything written has left by then. */
export async function runProgram(platform: Platform, args: readonly string[]): Promise<number> {
  const cli = createContext(platform);
  const stray = Promise.withResolvers<never>();
  const stopHandling = handleStrayErrors(platform, stray.reject);
  const restoreConsole = redirectConsole((text) => cli.err.write(`${text}\n`));
  const allowExit = platform.forbidExit(refuseExit);
  let exitCode: number;
  try {
    exitCode = await Promise.race([runArguments(cli, args), stray.promise]);
    await cli.out.flush();
    if (cli.out.failure !== undefined) throw cli.out.failure;
  } catch (error) {
    exitCode = reportError(cli, error, args.includes("--debug"));
  } finally {
    allowExit();
    restoreConsole();
    stopHandling();
  }
  await cli.err.flush();
  return exitCode;
}

/** Else a node could end the program with code 0, and nobody would hear of what it leaves undone. */
function refuseExit(): never {
  throw new FlowError("node_failed", "Code of a node or a workflow tried to end the whole program", {
    hint: "Return outputs, or throw an error, in place of Deno.exit() or process.exit().",
    retryable: false,
  });
}

async function runArguments(cli: CliContext, args: readonly string[]): Promise<number> {
  const process = { stdout: cli.out, stderr: cli.err, exitCode: null as number | string | null };
  const context: ProgramContext = { process, cli, exitCode: 0 };
  let prefix: readonly string[] = ["flow"];
  const text = createUsageText(cli.errStyle, () => prefix);
  const application = createApplication(await findRoutes(args), text, versionText(cli.platform));
  await runApplication(application, splitEmptyValues(args), {
    process,
    forCommand(info) {
      prefix = info.prefix;
      return context;
    },
  });
  if (process.exitCode === ExitCode.Success) return context.exitCode;
  return outcomeOf(process.exitCode === ExitCode.CommandLoadError ? "internal" : "invalid_argument").exit_code;
}

/** `--db=` as `--db ""`: the parser takes only values of some length for such. */
function splitEmptyValues(args: readonly string[]): string[] {
  const end = args.indexOf("--");
  return args.flatMap((arg, index) =>
    /^--[a-zA-Z-]+=$/.test(arg) && (end < 0 || index < end) ? [arg.slice(0, -1), ""] : [arg]
  );
}

async function findRoutes(args: readonly string[]): Promise<Routes> {
  // `flow run` does without the other commands.
  if (args[0] === "run") return { run };
  return (await import("./routes.ts")).routes;
}
