import type { Durability } from "../../store/connection.ts";
import { CONFLICT_CODE, DRIVING } from "./driver.ts";
import type { Kill } from "./plan.ts";

const DRIVER = new URL("./driver.ts", import.meta.url).pathname;

/** What a driver is to drive. */
export interface Launch {
  database: string;
  /** Path of the workflow, as JSON. */
  document: string;
  /** Of the execution. */
  id: string;
  durability: Durability;
}

/** How a driver ended: `refused` because another one was driving. */
export interface Ending {
  fate: "killed" | "finished" | "refused" | "broken";
  code: number;
  stderr: string;
}

/** Runs a driver until it is killed or ends by itself. */
export async function launchDriver({ database, document, id, durability }: Launch, kill?: Kill): Promise<Ending> {
  const death = kill !== undefined && "append" in kill ? [`${kill.when}:${kill.append}`] : [];
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", DRIVER, database, document, id, durability, ...death],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const executioner = new Executioner(child, kill);
  const stderr = new Response(child.stderr).text();
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    if (text.includes(DRIVING)) executioner.onDriving();
  }
  const { code, signal } = await child.status;
  executioner.dismiss();
  const fate = signal === "SIGKILL"
    ? "killed"
    : code === 0
    ? "finished"
    : code === CONFLICT_CODE
    ? "refused"
    : "broken";
  return { fate, code, stderr: await stderr };
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
    if (this.#kill?.when === "driving") this.#arm(this.#kill.afterMs);
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
