import { dirname, join } from "node:path";

/** How a command in a VM ended; `exit_code` is -1 after a signal, as the real agent says it. */
export interface VmResult {
  exit_code: number;
  stdout: Uint8Array;
  stderr: Uint8Array;
}

/** What to run in a VM. */
export interface VmCommand {
  cmd: readonly string[];
  env?: Readonly<Record<string, string>>;
  workdir?: string;
}

/** Why bubblewrap cannot be used here; undefined if it can. */
export function whyNoBubblewrap(): string | undefined {
  try {
    const { success, stderr } = new Deno.Command("bwrap", {
      args: [...isolation("/", false), "--ro-bind", "/", "/", "--proc", "/proc", "--", "true"],
      stdout: "null",
      stderr: "piped",
    }).outputSync();
    return success ? undefined : `bubblewrap cannot isolate here: ${new TextDecoder().decode(stderr).trim()}`;
  } catch {
    return "bubblewrap (bwrap) is not installed";
  }
}

const BASE_ENV = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  HOME: "/root",
  TERM: "linux",
};
/** Of the host, read-only. */
const SHARED = ["/usr", "/etc"];
const LINKS = ["bin", "sbin", "lib", "lib64"];

/**
 * Stands in for a microVM: a root folder of its own with the host's programs, and namespaces of its own, that live until
 * it is destroyed. All that runs in it ends with it, and with this process.
 */
export class Vm {
  readonly #root: string;
  readonly #sandbox: Deno.ChildProcess;
  readonly #init: number;

  private constructor(root: string, sandbox: Deno.ChildProcess, init: number) {
    this.#root = root;
    this.#sandbox = sandbox;
    this.#init = init;
  }

  static async boot({ hasNetwork = false }: { hasNetwork?: boolean } = {}): Promise<Vm> {
    const root = await Deno.makeTempDir({ prefix: "flow-zypi-vm-" });
    for (const folder of ["tmp", "home", "root", "var/tmp", "var/log"]) {
      await Deno.mkdir(join(root, folder), { recursive: true });
    }
    const sandbox = new Deno.Command("bwrap", {
      // It tells about itself on stderr; the first command speaks on stdout when all mounts are there.
      args: ["--info-fd", "2", ...isolation(root, hasNetwork), "--", "sh", "-c", "echo ready; exec sleep infinity"],
      clearEnv: true,
      env: BASE_ENV,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const [info] = await Promise.all([sandbox.stderr.text(), readLine(sandbox.stdout)]);
    const init = Number(/"child-pid": (\d+)/.exec(info)?.[1]);
    if (Number.isNaN(init)) {
      await Promise.all([sandbox.status, Deno.remove(root, { recursive: true })]);
      throw new Error(`bubblewrap said ${JSON.stringify(info)}`);
    }
    return new Vm(root, sandbox, init);
  }

  /** Writes a file; its folders are made. */
  async write(path: string, content: Uint8Array): Promise<void> {
    const target = join(this.#root, path);
    await Deno.mkdir(dirname(target), { recursive: true });
    await Deno.writeFile(target, content, { mode: 0o644 });
  }

  /** Whether there is something of this kind at a path, as seen from inside. */
  async has(path: string, kind: "folder" | "file"): Promise<boolean> {
    const outside = SHARED.some((folder) => `${path}/`.startsWith(`${folder}/`))
      ? path
      : LINKS.some((link) => path.startsWith(`/${link}/`))
      ? `/usr${path}`
      : join(this.#root, path);
    const stat = await Deno.stat(outside).catch(() => undefined);
    return kind === "folder" ? stat?.isDirectory === true || path === "/proc" : stat?.isFile === true;
  }

  /** Runs a command to its end. */
  async exec({ cmd, env = {}, workdir = "/" }: VmCommand): Promise<VmResult> {
    const enter = ["--target", String(this.#init), "--user", "--preserve-credentials", "--mount", "--pid", "--net"];
    const { code, signal, stdout, stderr } = await new Deno.Command("/usr/bin/nsenter", {
      args: [...enter, "--ipc", "--uts", "--", "/usr/bin/env", "-C", workdir, ...cmd],
      clearEnv: true,
      env: { ...BASE_ENV, ...env },
      stdin: "null",
    }).output();
    return { exit_code: signal === null ? code : -1, stdout, stderr };
  }

  /** Ends everything in it. */
  async destroy(): Promise<void> {
    try {
      // Its first process takes all others along; the one outside, its parent, waits for it.
      Deno.kill(this.#init, "SIGKILL");
    } catch { /* it has ended */ }
    await this.#sandbox.status;
    await Deno.remove(this.#root, { recursive: true });
  }
}

async function readLine(stream: ReadableStream<Uint8Array>): Promise<void> {
  for await (const chunk of stream) if (chunk.includes(10)) return;
}

function isolation(root: string, hasNetwork: boolean): string[] {
  const mounts = root === "/" ? [] : [
    ...["--bind", root, "/"],
    ...SHARED.flatMap((folder) => ["--ro-bind", folder, folder]),
    ...LINKS.flatMap((link) => ["--symlink", `usr/${link}`, `/${link}`]),
    ...["--proc", "/proc", "--dev", "/dev", "--chdir", "/"],
  ];
  const network = hasNetwork ? [] : ["--unshare-net"];
  return [
    ...["--unshare-user", "--uid", "0", "--gid", "0", "--unshare-pid", "--unshare-ipc", "--unshare-uts"],
    ...["--die-with-parent", "--hostname", "zypi"],
    ...network,
    ...mounts,
  ];
}
