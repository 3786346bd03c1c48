import { FlowError } from "../engine/errors.ts";
import { isModule } from "./workflow_file.ts";

/** Code is for other formatters. @throws {FlowError} `invalid_argument` */
export function refuseModule(filename: string, action: string): void {
  if (!isModule(filename)) return;
  throw new FlowError("invalid_argument", `Cannot ${action} "${filename}": it is code, not a document`, {
    hint: 'Format code with "deno fmt" or another formatter of your own.',
  });
}
