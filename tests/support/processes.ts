import assert from "node:assert/strict";

/** Whether a process is there and has not ended. Linux only. */
export function isRunning(pid: number): boolean {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(")") + 2));
  } catch {
    return false;
  }
}

/** Resolves with the number that something writes into a file. */
export async function readPid(path: string): Promise<number> {
  for (let tries = 0; tries < 1000; tries++) {
    const text = await Deno.readTextFile(path).catch(() => "");
    if (/^\d+\n$/.test(text)) return Number(text);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail(`nobody wrote a pid into "${path}"`);
}

/** The processes that carry the mark of an attempt in their environment. Linux only. */
export function processesWith(mark: string): number[] {
  const pids = [...Deno.readDirSync("/proc")].map(({ name }) => Number(name)).filter(Number.isInteger);
  return pids.filter((pid) => isRunning(pid) && readEnvironment(pid).includes(`FLOW_ATTEMPT_ID=${mark}`));
}

function readEnvironment(pid: number): string[] {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/environ`).split("\0");
  } catch {
    return [];
  }
}
