import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { flowCommand } from "./flow_command.ts";

/** The project's folder. */
export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** How a command ended. */
export interface Finished {
  code: number;
  stdout: string;
  stderr: string;
}

/** Hands a new folder to `work`, in which there are `flow` and `deno` to run. */
export async function withPrograms<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "flow-folder-"));
  try {
    await symlink(Deno.execPath(), join(folder, "deno"));
    const flow = `#!/bin/sh\nexec ${flowCommand().map((word) => `"${word}"`).join(" ")} "$@"\n`;
    await writeFile(join(folder, "flow"), flow, { mode: 0o755 });
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs a line of shell that finds the programs of `folder`; executions are kept in there too. */
export async function runShell(command: string, folder: string, cwd = ROOT): Promise<Finished> {
  const { code, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", command],
    cwd,
    env: {
      NO_COLOR: "1",
      XDG_STATE_HOME: join(folder, "state"),
      PATH: `${folder}${delimiter}${Deno.env.get("PATH") ?? ""}`,
    },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Runs TypeScript that imports `flowengine` in a folder of its own; its types are for {@link checkScripts} to check. */
export function runScript(code: string): Promise<Finished> {
  return runDeno("run -A --no-check", { "script.ts": code });
}

/** Checks the types of scripts that import `flowengine`, by their file names: all at once, because each time costs seconds. */
export function checkScripts(scripts: Readonly<Record<string, string>>): Promise<Finished> {
  return runDeno("check --quiet", scripts);
}

function runDeno(command: string, scripts: Readonly<Record<string, string>>): Promise<Finished> {
  return withPrograms(async (folder) => {
    for (const [name, code] of Object.entries(scripts)) await writeFile(join(folder, name), code);
    const names = Object.keys(scripts).join(" ");
    return await runShell(`deno ${command} --config "${join(ROOT, "deno.json")}" ${names}`, folder, folder);
  });
}
