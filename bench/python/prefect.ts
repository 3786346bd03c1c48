import { createServer } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import { type Contender, runPython } from "./contenders.ts";

/** Later versions of FastAPI do not go with this one of Prefect, which says that they do. */
const PACKAGES = ["prefect==3.8.8", "fastapi==0.139.0"];
const START_SECONDS = 120;

/** Installs Prefect into `folder`, and hands both ways to run it to `work`: with a server per script, and with its own. */
export async function withPrefect<T>(
  interpreter: string,
  folder: string,
  work: (contenders: Contender[]) => Promise<T>,
): Promise<T> {
  const venv = join(folder, "prefect");
  const python = join(venv, "bin", "python");
  await runPython(interpreter, ["-m", "venv", venv], {});
  console.error(`  installing ${PACKAGES.join(" and ")} ...`);
  await runPython(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...PACKAGES], {});
  const env = {
    PREFECT_HOME: join(folder, "prefect-home"),
    DO_NOT_TRACK: "1",
    PREFECT_SERVER_ANALYTICS_ENABLED: "false",
    // Its 20 seconds are not enough on a machine that does other work too.
    PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS: String(START_SECONDS),
  };
  const shared = { python, script: "with_prefect.py" };
  const port = await freePort();
  const server = startServer(python, port, env);
  try {
    await waitUntilHealthy(server, port);
    return await work([
      { ...shared, name: "Prefect, temporary server", env },
      {
        ...shared,
        name: "Prefect, its server",
        env: { ...env, PREFECT_API_URL: `http://127.0.0.1:${port}/api` },
        serverPid: server.pid,
      },
    ]);
  } finally {
    server.kill("SIGTERM");
    await server.status;
  }
}

function startServer(python: string, port: number, env: Record<string, string>): Deno.ChildProcess {
  return new Deno.Command(python, {
    args: ["-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", String(port)],
    env: { ...env, PREFECT_HOME: `${env.PREFECT_HOME}-server` },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
}

async function waitUntilHealthy(server: Deno.ChildProcess, port: number): Promise<void> {
  let hasEnded = false;
  server.status.then(() => hasEnded = true);
  for (let left = START_SECONDS * 4; left > 0 && !hasEnded; left--) {
    try {
      const answer = await fetch(`http://127.0.0.1:${port}/api/health`);
      await answer.body?.cancel();
      if (answer.ok) return;
    } catch {
      // It does not listen yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  throw new Error(hasEnded ? "The server of Prefect ended" : `It did not start within ${START_SECONDS} s`);
}

async function freePort(): Promise<number> {
  const listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const address = listener.address();
  await new Promise((resolve) => listener.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}
