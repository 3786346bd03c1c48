/** Why Python functions cannot run here; undefined if they can. */
const obstacle = await findObstacle();
if (obstacle !== undefined) console.warn(`Tests of Python functions are skipped: ${obstacle}`);

/** A test that needs Python 3.10 or later. */
export function pythonTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: obstacle !== undefined, fn });
}

async function findObstacle(): Promise<string | undefined> {
  try {
    const args = ["-c", "import sys; sys.exit(sys.version_info < (3, 10))"];
    const { success } = await new Deno.Command("python3", { args, stdout: "null", stderr: "null" }).output();
    return success ? undefined : "python3 is older than 3.10";
  } catch {
    return "there is no python3";
  }
}
