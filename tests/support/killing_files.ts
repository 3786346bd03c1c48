// Stands in for node:fs/promises: kills the process right before its n-th operation on a file, n being FLOW_TEST_KILL_AT.
import * as fs from "node:fs";

const killAt = Number(process.env.FLOW_TEST_KILL_AT);
let count = 0;

function step(): void {
  if (++count === killAt) process.kill(process.pid, "SIGKILL");
}

function counted<A extends unknown[], R>(call: (...args: A) => R): (...args: A) => R {
  return (...args) => {
    step();
    return call(...args);
  };
}

const real = fs.promises;
export const chmod = counted(real.chmod);
export const copyFile = counted(real.copyFile);
export const link = counted(real.link);
export const mkdir = counted(real.mkdir);
export const readFile = counted(real.readFile);
export const readdir = counted(real.readdir);
export const realpath = counted(real.realpath);
export const rename = counted(real.rename);
export const rm = counted(real.rm);
export const stat = counted(real.stat);
export const writeFile = counted(real.writeFile);

export async function open(path: string, flags: string, mode?: number): Promise<unknown> {
  step();
  const file = await real.open(path, flags, mode);
  return {
    write: counted((data: Uint8Array, offset: number) => file.write(data, offset)),
    sync: counted(() => file.sync()),
    close: counted(() => file.close()),
  };
}
