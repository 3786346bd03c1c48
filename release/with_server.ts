/** How long a server may take from its start to its end. */
const LIMIT_MS = 60_000;

/** How `flow serve` is started. */
export interface ServerCommand {
  readonly program: string;
  readonly args: string[];
  readonly cwd?: string;
}

/**
 * Runs `flow serve` while `use` works with it at `url`, and ends it.
 *
 * @throws {Error} if it does not start, or ends in another way than it should
 */
export async function withServer<T>(
  { program, ...place }: ServerCommand,
  use: (url: string) => Promise<T>,
): Promise<T> {
  const server = new Deno.Command(program, { ...place, stdin: "null", stdout: "piped", stderr: "piped" }).spawn();
  const timer = setTimeout(() => end(server, "SIGKILL"), LIMIT_MS);
  const talk = new Response(server.stderr).text();
  const lines = server.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let result: T;
  try {
    const { value } = await lines.read();
    if (value === undefined) throw new Error(`flow serve has ended instead of listening: ${(await talk).trim()}`);
    result = await use(value.trim());
  } finally {
    // Windows knows no other signal.
    end(server, isWindows ? "SIGKILL" : "SIGTERM");
    await Promise.all([server.status, talk, lines.cancel()]);
    clearTimeout(timer);
  }
  const { code } = await server.status;
  if (code !== 0 && !isWindows) throw new Error(`flow serve ended with exit code ${code}: ${(await talk).trim()}`);
  return result;
}

const isWindows = Deno.build.os === "windows";

function end(server: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    server.kill(signal);
  } catch {
    // It has ended by itself.
  }
}
