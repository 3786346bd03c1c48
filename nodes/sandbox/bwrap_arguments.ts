import { commandWithFiles } from "./file_writer.ts";
import type { SandboxHost } from "./host.ts";
import type { SandboxLimits, SandboxRequest } from "./sandbox.ts";

/** Whom a command runs as when flow is root: `nobody`. A user of its own, so that it may not read what only root may. */
const NOBODY = "65534";
/** Who a command takes itself for. Not 65534, which is what all users who are not in the sandbox look like. */
const INNER_USER = "1000";

const INNER_HOME = "/home/sandbox";
const DEFAULT_WORKDIR = "/tmp";
const DEFAULT_TMP_MB = 512;

/** Folders that a command may write into; all is gone when it ends. */
const SCRATCH_FOLDERS = ["/tmp", "/var/tmp", "/home", "/dev/shm"];

/** Where programs that use the network look up names, if these are there. */
const RESOLVER_FOLDERS = ["/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager"];

/** What every command in a sandbox sees; a request's own variables win. */
export const SANDBOX_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  HOME: INNER_HOME,
  LANG: "C.UTF-8",
};

/**
 * What could lead the programs astray that open the sandbox, because they still run outside of it: these variables are
 * set only inside. All others go by the environment, where, unlike in arguments, other users cannot read them.
 */
const UNSAFE_OUTSIDE =
  /^(LD_|GLIBC_|GCONV_|LOC|NLS|MALLOC_|BASH|SHELLOPTS$|ENV$|PS4$|IFS$|POSIXLY_|GETCONF_|RES_|HOSTALIASES$)/;

/** A command line that opens a sandbox on this machine and runs a request's command in it. */
export interface BwrapCommand {
  command: string;
  args: string[];
  env: Record<string, string>;
}

/** The command line for a request; `sources` are the absolute paths of its binds, in their order. */
export function bwrapCommand(host: SandboxHost, request: SandboxRequest, sources: readonly string[]): BwrapCommand {
  const env: Record<string, string> = {};
  const inside: string[] = [];
  for (const [name, value] of Object.entries({ ...SANDBOX_ENVIRONMENT, ...request.env })) {
    if (UNSAFE_OUTSIDE.test(name)) inside.push("--setenv", name, value);
    else env[name] = value;
  }
  const opener = [
    // bubblewrap takes a filter only as an open file.
    ...(host.seccomp === undefined ? [] : ["/bin/sh", "-c", 'exec 9<"$0" && exec "$@"', host.seccomp]),
    ...(host.setpriv === undefined ? [] : [host.setpriv, "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"]),
  ];
  const [command = host.bwrap, ...args] = [
    ...opener,
    host.bwrap,
    ...isolation(host, request.network),
    ...(host.seccomp === undefined ? [] : ["--seccomp", "9"]),
    ...fileSystem(host, request, sources),
    ...inside,
    "--chdir",
    request.workdir ?? DEFAULT_WORKDIR,
    "--",
    ...limiter(host, request.limits),
    ...commandWithFiles(request),
  ];
  return { command, args, env };
}

function isolation(host: SandboxHost, network: boolean): string[] {
  return [
    "--unshare-user",
    "--unshare-pid",
    "--unshare-ipc",
    "--unshare-uts",
    "--unshare-cgroup-try",
    ...(network ? [] : ["--unshare-net"]),
    // A user namespace of its own would open code paths of the kernel that are meant for root.
    ...(host.options.has("--disable-userns") ? ["--disable-userns"] : []),
    ...["--uid", INNER_USER, "--gid", INNER_USER, "--hostname", "sandbox"],
    ...["--cap-drop", "ALL", "--new-session", "--die-with-parent"],
  ];
}

function fileSystem(host: SandboxHost, request: SandboxRequest, sources: readonly string[]): string[] {
  const sized = (mb: number) => host.options.has("--size") ? ["--size", String(mb * 1024 * 1024)] : [];
  const tmpfs = (path: string, mb: number) => [...sized(mb), "--tmpfs", path];
  const hidden = host.hidden.filter((path) => !SCRATCH_FOLDERS.some((scratch) => `${path}/`.startsWith(`${scratch}/`)));
  return [
    ...["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"],
    ...hidden.flatMap((path) => tmpfs(path, 1)),
    ...SCRATCH_FOLDERS.flatMap((path) => tmpfs(path, request.limits.tmpMb ?? DEFAULT_TMP_MB)),
    ...["--dir", INNER_HOME],
    ...(request.network ? RESOLVER_FOLDERS.flatMap((path) => ["--ro-bind-try", path, path]) : []),
    ...request.binds.flatMap(({ target, isWritable }, index) => [
      isWritable ? "--bind" : "--ro-bind",
      sources[index] ?? "",
      target,
    ]),
    // Only now: the places for what is bound below them had to be made.
    ...[...hidden, "/dev"].flatMap((path) => ["--remount-ro", path]),
  ];
}

function limiter(host: SandboxHost, { memoryMb, pids }: SandboxLimits): string[] {
  return [
    host.prlimit,
    "--core=0",
    ...(memoryMb === undefined ? [] : [`--data=${memoryMb * 1024 * 1024}`]),
    // bubblewrap's own process in there counts, too.
    ...(pids === undefined || !host.countsPerSandbox ? [] : [`--nproc=${pids + 1}`]),
    "--",
  ];
}
