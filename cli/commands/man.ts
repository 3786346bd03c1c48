import { success } from "../../server/outcome.ts";
import { HIDDEN_ROUTES } from "../application.ts";
import type { CliContext, CommonFlags } from "../context.ts";
import { describeCommands } from "../reference/describe_commands.ts";
import { formatManPage } from "../reference/man_page.ts";
import { routes } from "../routes.ts";
import { version } from "../../server/version.ts";

/** `flow man`: the manual page, made from the commands themselves. */
export function printManPage({ out }: CliContext, _flags: CommonFlags): number {
  out.write(formatManPage({ version, commands: describeCommands(routes, HIDDEN_ROUTES) }));
  return success.exit_code;
}
