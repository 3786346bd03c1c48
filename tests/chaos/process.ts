import type { Kill } from "./plan.ts";

const ROOT = new URL("../..", import.meta.url).pathname;

/** A program that drives an execution. */
export interface Program {
  /** What to start, and its arguments. */
  command: readonly [string, ...string[]];
  /** Is in what it says as soon as it drives. */
  driving: string;
  /** Exit codes of one that came to the end of the execution. */
  finished: readonly number[];
}

/** How a process ended: `refused` because another one was driving. */
export interface Ending {
  fate: "killed" | "finished" | "refused" | "broken";
  code: number;
  stderr: string;
}

/** How a program exits if another process has the execution. */
export const CONFLICT_CODE = 5;

/** Runs a program until it is killed or ends by itself. */
export async function runUntilKilled({ command, driving, finished }: Program, kill?: Kill): Promise<Ending> {
  const [program, ...args] = command;
  const child = new Deno.Command(program, {
    args,
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const executioner = new Executioner(child, kill);
  const stderr = new Response(child.stderr).text();
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    if (text.includes(driving)) executioner.onDriving();
  }
  const { code, signal } = await child.status;
  executioner.dismiss();
  return { fate: judgeEnd(code, signal, finished), code, stderr: await stderr };
}

function judgeEnd(code: number, signal: string | null, finished: readonly number[]): Ending["fate"] {
  if (signal === "SIGKILL") return "killed";
  if (finished.includes(code)) return "finished";
  return code === CONFLICT_CODE ? "refused" : "broken";
}

class Executioner {
  readonly #child: Deno.ChildProcess;
  readonly #kill: Kill | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(child: Deno.ChildProcess, kill: Kill | undefined) {
    this.#child = child;
    this.#kill = kill;
    if (kill?.when === "launched") this.#arm(kill.afterMs);
  }

  onDriving(): void {
    if (this.#kill?.when === "driving" && this.#timer === undefined) this.#arm(this.#kill.afterMs);
  }

  dismiss(): void {
    clearTimeout(this.#timer);
  }

  #arm(afterMs: number): void {
    this.#timer = setTimeout(() => {
      try {
        this.#child.kill("SIGKILL");
      } catch {
        // It has ended by itself.
      }
    }, afterMs);
  }
}
