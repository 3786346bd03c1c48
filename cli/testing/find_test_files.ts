import { FlowError } from "../../engine/errors.ts";
import type { CliContext } from "../context.ts";

const TEST_NAME = /\.test\.(ya?ml|jsonc?)$/i;
/** What belongs to programs, not to people. */
const SKIPPED_NAME = /^(\.|node_modules$)/;

/** Whether a file is called like one with tests. */
export function isTestFile(name: string): boolean {
  return TEST_NAME.test(name);
}

/** The test files that are meant: files as they are named, folders with all that is in them, sorted, each once. */
export async function findTestFiles({ platform }: CliContext, names: readonly string[]): Promise<string[]> {
  const found = new Set<string>();
  for (const name of names.length === 0 ? ["."] : names) {
    const stat = await platform.stat(name);
    if (stat === undefined) {
      throw new FlowError("not_found", `Cannot test "${name}": there is no such file or folder`, {
        hint: "Name files such as workflow.test.yaml, or the folder that they are in.",
      });
    }
    if (!stat.isDirectory) found.add(name);
    else for await (const file of listTestFiles(platform, name)) found.add(file);
  }
  return [...found];
}

async function* listTestFiles(platform: CliContext["platform"], folder: string): AsyncGenerator<string> {
  for (const { name, isDirectory } of await platform.listFolder(folder)) {
    if (SKIPPED_NAME.test(name)) continue;
    const path = folder === "." ? name : `${folder.replace(/[\\/]+$/, "")}/${name}`;
    if (isDirectory) yield* listTestFiles(platform, path);
    else if (isTestFile(name)) yield path;
  }
}
