import { fileURLToPath } from "node:url";

/** Who does the measured work. */
export interface Contender {
  name: string;
  python: string;
  /** In this folder. */
  script: string;
  env: Record<string, string>;
  /** A server that works for it, whose CPU counts too. */
  serverPid?: number;
}

/** What one script cost. */
export interface ScriptCost {
  /** From the start of Python to its end, in milliseconds. */
  wallMs: number;
  /** Of all processes. */
  cpuMs: number;
  /** The second of its two runs alone. */
  runMs: number;
}

const PACKAGE = fileURLToPath(new URL("../../python", import.meta.url));
const MAIN = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));

export function plainPython(python: string): Contender {
  return { name: "plain Python", python, script: "plain.py", env: {} };
}

/** `folder` is for its history. */
export function flowengine(python: string, folder: string): Contender {
  return {
    name: "flowengine",
    python,
    script: "with_flowengine.py",
    env: { ...packageVariables(), FLOW_DB: `${folder}/flow.db` },
  };
}

/** The same against a `flow serve` that runs. */
export function flowengineOnServer(python: string, url: string, serverPid: number): Contender {
  return {
    name: "flowengine, its server",
    python,
    script: "with_flowengine.py",
    env: { ...packageVariables(), FLOWENGINE_URL: url },
    serverPid,
  };
}

/** What `flowengine` is imported and run with from here. */
export function packageVariables(): Record<string, string> {
  return { PYTHONPATH: PACKAGE, FLOW_BIN: `"${Deno.execPath()}" run -A --no-check "${MAIN}"` };
}

/** The Python behind the name `python3`, which may be a script that looks for one. */
export async function findPython(): Promise<string> {
  return (await runPython("python3", ["-c", "import sys; print(sys.executable)"], {})).trim();
}

/** Runs its script for one of the workloads. @throws {Error} with what it said if it fails */
export async function runScript(contender: Contender, workload: string): Promise<ScriptCost> {
  const { python, script, env, serverPid = 0 } = contender;
  const file = scriptPath(script);
  const said = await runPython(python, [scriptPath("measure.py"), String(serverPid), python, file, workload], env);
  const cost: { wall_ms: number; cpu_ms: number; said: string } = JSON.parse(said);
  const runs: number[] = JSON.parse(cost.said);
  return { wallMs: cost.wall_ms, cpuMs: cost.cpu_ms, runMs: runs.at(-1) ?? NaN };
}

/** Milliseconds that importing `module` takes, by `-X importtime`; without one: that Python takes to start. */
export async function importMs({ python, env }: Contender, module: string): Promise<number> {
  const command = [python, "-X", "importtime", "-c", `import ${module}`];
  const said = await runPython(python, [scriptPath("measure.py"), "0", ...command], env);
  const { noted }: { noted: string } = JSON.parse(said);
  const line = noted.trimEnd().split("\n").find((line) => line.endsWith(`| ${module}`));
  return Number(line?.split("|")[1]) / 1000;
}

export function scriptPath(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

export async function runPython(python: string, args: string[], env: Record<string, string>): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(python, { args, env }).output();
  if (!success) throw new Error(`${python} ${args.join(" ")} failed: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}
