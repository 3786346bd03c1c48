import {
  type Application,
  type ApplicationText,
  buildApplication,
  buildRouteMap,
  type Command,
  type RouteMap,
} from "@stricli/core";
import type { ProgramContext } from "./route.ts";

/** Commands, and groups of them, by name. */
export type Routes = Readonly<Record<string, Command<ProgramContext> | RouteMap<ProgramContext>>>;

/** Commands that only programs call, such as the scripts of `flow completions`. */
export const HIDDEN_ROUTES: readonly string[] = ["complete"];

/** The command line parser for these commands. */
export function createApplication(
  routes: Routes,
  text: ApplicationText,
  currentVersion: string,
): Application<ProgramContext> {
  const root = buildRouteMap({
    routes,
    docs: {
      brief: "Run workflows: graphs of commands, containers, HTTP calls and code",
      fullDescription: FULL_DESCRIPTION,
      hideRoute: Object.fromEntries(HIDDEN_ROUTES.filter((name) => name in routes).map((name) => [name, true])),
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
