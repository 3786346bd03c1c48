import {
  type ApplicationText,
  buildApplication,
  buildRouteMap,
  type Command,
  ExitCode,
  type RouteMap,
  run as runApplication,
} from "@stricli/core";
import { FlowError } from "../engine/errors.ts";
import type { Platform } from "../platform/types.ts";
import { outcomeOf } from "../server/outcome.ts";
import { versionText } from "./build_info.ts";
import { type CliContext, createContext } from "./context.ts";
import { redirectConsole } from "./redirect_console.ts";
import { reportError } from "./report_error.ts";
import type { ProgramContext } from "./route.ts";
import { run } from "./run_route.ts";
import { handleStrayErrors } from "./stray_errors.ts";
import { importUnseen } from "./unseen_module.ts";
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
  await runApplication(application, args, {
    process,
    forCommand(info) {
      prefix = info.prefix;
      return context;
    },
  });
  if (process.exitCode === ExitCode.Success) return context.exitCode;
  return outcomeOf(process.exitCode === ExitCode.CommandLoadError ? "internal" : "invalid_argument").exit_code;
}

type Routes = Readonly<Record<string, Command<ProgramContext> | RouteMap<ProgramContext>>>;

async function findRoutes(args: readonly string[]): Promise<Routes> {
  // `flow run` does without the other commands.
  if (args[0] === "run") return { run };
  return (await importUnseen<typeof import("./routes.ts")>("routes", import.meta.url)).routes;
}

function createApplication(routes: Routes, text: ApplicationText, currentVersion: string) {
  const root = buildRouteMap({
    routes,
    docs: {
      brief: "Run workflows: graphs of commands, containers, HTTP calls and code",
      fullDescription: FULL_DESCRIPTION,
    },
  });
  return buildApplication<ProgramContext>(root, {
    name: "flow",
    versionInfo: { currentVersion },
    scanner: { caseStyle: "allow-kebab-for-camel", allowArgumentEscapeSequence: true },
    documentation: { onlyRequiredInUsageLine: true, disableAnsiColor: true },
    localization: { text },
  });
}

const FULL_DESCRIPTION = `Runs workflows: graphs of commands, containers, HTTP calls and code.

EXAMPLES
  flow init                            write a first workflow to workflow.yaml
  flow run workflow.yaml               run it and watch
  flow run workflow.yaml --set name=Ann --json
  flow validate workflows/*.yaml       find every problem before running
  flow nodes http.request              what a node type takes and gives
  flow graph workflow.yaml             draw it

EXIT CODES
  0 ok    1 bug    2 invalid input    3 node failed    4 not found
  5 conflict    6 unavailable    124 timeout    130 cancelled`;
