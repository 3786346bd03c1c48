/** The living processes whose nodes write to a side file, and all that those have started. */
export function findSurvivors(side: string): number[] {
  const mark = `SIDE=${side}`;
  const pids = [...Deno.readDirSync("/proc")].map(({ name }) => Number(name)).filter((pid) => pid > 0);
  return pids.filter((pid) => readProc(pid, "environ").split("\0").includes(mark) && !isDead(pid));
}

/** What is still there after `patienceMs`, at the latest; a process that was killed may need a moment. */
export async function awaitNoSurvivors(side: string, patienceMs = 2000): Promise<string[]> {
  const deadline = performance.now() + patienceMs;
  let pids = findSurvivors(side);
  while (pids.length > 0 && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    pids = findSurvivors(side);
  }
  return pids.map((pid) => `${pid}: ${readProc(pid, "cmdline").replaceAll("\0", " ")}`);
}

/** Kills them, and what they have started meanwhile. */
export function killSurvivors(side: string): void {
  for (let pids = findSurvivors(side); pids.length > 0; pids = findSurvivors(side)) {
    for (const pid of pids) {
      try {
        Deno.kill(pid, "SIGKILL");
      } catch {
        // It has ended by itself.
      }
    }
  }
}

function isDead(pid: number): boolean {
  const stat = readProc(pid, "stat");
  return /^[ZX]/.test(stat.slice(stat.lastIndexOf(")") + 2));
}

function readProc(pid: number, file: string): string {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/${file}`);
  } catch {
    return "";
  }
}
