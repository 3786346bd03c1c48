/** The living processes that some shell node of an execution has started, by what `flow` has put into their environment. */
export function findSurvivors(executionId: string): number[] {
  const mark = `FLOW_EXECUTION_ID=${executionId}`;
  const pids = [...Deno.readDirSync("/proc")].map(({ name }) => Number(name)).filter((pid) => pid > 0);
  return pids.filter((pid) => readProc(pid, "environ").split("\0").includes(mark) && !isDead(pid));
}

/** What is left of an execution after `patienceMs`, at the latest; a process that was killed may need a moment. */
export async function awaitNoSurvivors(executionId: string, patienceMs = 2000): Promise<string[]> {
  const deadline = performance.now() + patienceMs;
  let pids = findSurvivors(executionId);
  while (pids.length > 0 && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    pids = findSurvivors(executionId);
  }
  return pids.map((pid) => `${pid}: ${readProc(pid, "cmdline").replaceAll("\0", " ")}`);
}

export function killSurvivors(executionId: string): void {
  for (const pid of findSurvivors(executionId)) {
    try {
      Deno.kill(pid, "SIGKILL");
    } catch {
      // It has ended by itself.
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
