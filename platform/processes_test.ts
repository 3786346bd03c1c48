import assert from "node:assert/strict";
import { isRunning } from "../tests/support/processes.ts";
import { getPlatform } from "./mod.ts";
import type { SpawnOptions, Subprocess } from "./types.ts";

const platform = getPlatform();

function spawnScript(script: string, more: Partial<SpawnOptions> = {}): Subprocess {
  return platform.spawn({
    command: "sh",
    args: ["-c", script],
    env: { PATH: platform.env("PATH") ?? "" },
    stdin: "null",
    stdout: "piped",
    stderr: "null",
    ...more,
  });
}

async function readAll(child: Subprocess): Promise<string> {
  return await new Response(child.stdout as BodyInit | null).text();
}

/** A process that has outlived the one that started it, and the mark that it carries. */
async function leaveBehind(script: string, mark: string): Promise<number> {
  const child = spawnScript(`${script} >/dev/null 2>&1 & echo $!`, { mark });
  const pid = Number(await readAll(child));
  await child.status;
  assert.ok(isRunning(pid));
  return pid;
}

Deno.test("spawn() tells pid, output and exit code", async () => {
  const child = spawnScript("echo $$; exit 3");
  assert.equal(await readAll(child), `${child.pid}\n`);
  assert.deepEqual(await child.status, { code: 3, signal: null });
});

Deno.test("spawn() inherits nothing from our environment", async () => {
  const child = spawnScript("env", { env: { A: "1" }, command: "/bin/sh", mark: "m" });
  const names = (await readAll(child)).split("\n").map((line) => line.split("=")[0]);
  await child.status;
  assert.ok(names.includes("A") && names.includes("FLOW_ATTEMPT_ID") && !names.includes("HOME"));
});

Deno.test("spawn() tells which process it is, and of one that has ended only that it is gone", async () => {
  const running = spawnScript("sleep 0.05");
  assert.match(running.started, /^[0-9a-f-]{36}:\d+$/);
  const gone = spawnScript("exit");
  await Promise.all([running, gone].map((child) => Promise.all([readAll(child), child.status])));
  assert.match(gone.started, /:gone$/);
  assert.equal(gone.isTreeAlive(), false);
  gone.signalTree("SIGKILL");
});

Deno.test("spawn() finds a program again that has moved to another folder of PATH", async () => {
  const folder = await Deno.makeTempDir();
  const run = async () => {
    const env = { PATH: `${folder}/a:${folder}/b:/usr/bin:/bin` };
    const child = spawnScript("", { command: "greet", args: [], env });
    const text = await readAll(child);
    await child.status;
    return text;
  };
  try {
    for (const name of ["a", "b"]) {
      await Deno.mkdir(`${folder}/${name}`);
      await Deno.writeTextFile(`${folder}/${name}/greet`, `#!/bin/sh\necho ${name}\n`, { mode: 0o755 });
    }
    assert.equal(await run(), "a\n");
    await Deno.remove(`${folder}/a/greet`);
    assert.equal(await run(), "b\n");
    await Deno.remove(`${folder}/b/greet`);
    await assert.rejects(run(), { code: "program_not_found" });
    await Deno.writeTextFile(`${folder}/b/greet`, "#!/no/such/interpreter\n", { mode: 0o755 });
    await assert.rejects(run(), {
      code: "invalid_config",
      message: 'Cannot run "greet": its interpreter is not there',
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("isTreeAlive() and endTree() reach grandchildren after the process itself has ended", async () => {
  const child = spawnScript("sleep 3600 >/dev/null & echo $!", { mark: crypto.randomUUID() });
  const pid = Number(await readAll(child));
  await child.status;
  assert.equal(child.isTreeAlive(), true);
  await child.endTree(1000);
  assert.equal(child.isTreeAlive(), false);
  assert.ok(!isRunning(pid));
});

Deno.test("endLeftovers() ends everything with the mark, and tells how many there were", async () => {
  const mark = crypto.randomUUID();
  const pids = [
    await leaveBehind("sleep 3600", mark),
    await leaveBehind("setsid sleep 3600", mark),
    await leaveBehind("sh -c 'trap \"\" TERM; while :; do sleep 1; done'", mark),
  ];
  const other = await leaveBehind("sleep 3600", crypto.randomUUID());
  assert.ok(await platform.endLeftovers({ mark }, 100) >= 3);
  assert.deepEqual(pids.filter(isRunning), []);
  assert.ok(isRunning(other));
  assert.equal(await platform.endLeftovers({ mark }, 100), 0);
  Deno.kill(other, "SIGKILL");
});

Deno.test("endLeftovers() ends a process without a mark by its identity, and leaves its namesake alone", async () => {
  const mark = crypto.randomUUID();
  const child = spawnScript("exec sleep 3600");
  const { pid, started } = child;
  const [boot, ticks] = started.split(":");
  for (
    const wrong of [`${boot}:${Number(ticks) - 1}`, `00000000-0000-0000-0000-000000000000:${ticks}`, `${boot}:gone`]
  ) {
    assert.equal(await platform.endLeftovers({ mark, process: { pid, started: wrong } }, 0), 0);
  }
  assert.ok(isRunning(pid));
  assert.equal(await platform.endLeftovers({ mark, process: { pid, started } }, 1000), 1);
  assert.equal((await child.status).signal, "SIGTERM");
  await readAll(child);
});

Deno.test("endLeftovers() never ends ourselves, even if we carry the mark", async () => {
  const mark = crypto.randomUUID();
  const script = `
    import { getPlatform } from ${JSON.stringify(new URL("./mod.ts", import.meta.url).href)};
    console.log(await getPlatform().endLeftovers({ mark: ${JSON.stringify(mark)} }, 0));
  `;
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", script],
    env: { FLOW_ATTEMPT_ID: mark },
  }).output();
  assert.deepEqual([code, new TextDecoder().decode(stdout)], [0, "0\n"]);
});
