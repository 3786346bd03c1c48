import { FlowError } from "../../engine/errors.ts";
import type { Platform, SocketAddress, TlsIdentity } from "../../platform/types.ts";

/** Where a Docker engine listens. */
export interface DockerHost {
  /** For messages and as a key, such as `unix:///var/run/docker.sock`. */
  name: string;
  address: SocketAddress;
}

const DEFAULT_SOCKET = "/var/run/docker.sock";
const PLAIN_PORT = 2375;
const TLS_PORT = 2376;
const MAX_PEM_BYTES = 1024 * 1024;

/**
 * The engine that `host` names; without one that of `DOCKER_HOST`; else the first socket that is there of
 * `/var/run/docker.sock`, `$XDG_RUNTIME_DIR/docker.sock` (rootless) and `~/.docker/run/docker.sock` (Docker Desktop).
 * TCP uses TLS if `DOCKER_TLS_VERIFY` or `DOCKER_CERT_PATH` is set, with `ca.pem`, `cert.pem` and `key.pem` of that
 * folder.
 *
 * @throws {FlowError} `invalid_config`
 */
export async function findDockerHost(platform: Platform, host: string | undefined): Promise<DockerHost> {
  const text = host ?? platform.env("DOCKER_HOST");
  if (text === undefined || text === "") return unixHost(await findSocket(platform));
  if (text.startsWith("/")) return unixHost(text);
  const [, scheme = "", rest = ""] = /^(\w+):\/\/(.+)$/.exec(text) ?? [];
  if (scheme === "unix") return unixHost(rest);
  if (scheme === "tcp" || scheme === "http" || scheme === "https") {
    return await tcpHost(platform, text, rest, scheme === "https");
  }
  throw badHost(text, scheme === "" ? "it is no address" : `"${scheme}" is not supported`);
}

async function findSocket(platform: Platform): Promise<string> {
  const runtime = platform.env("XDG_RUNTIME_DIR");
  const home = platform.env("HOME");
  const others = [
    ...(runtime === undefined ? [] : [`${runtime}/docker.sock`]),
    ...(home === undefined ? [] : [`${home}/.docker/run/docker.sock`]),
  ];
  for (const path of [DEFAULT_SOCKET, ...others]) {
    if (await platform.stat(path).catch(() => undefined) !== undefined) return path;
  }
  return DEFAULT_SOCKET;
}

function unixHost(path: string): DockerHost {
  return { name: `unix://${path}`, address: { path } };
}

async function tcpHost(platform: Platform, text: string, rest: string, isHttps: boolean): Promise<DockerHost> {
  const url = URL.parse(`http://${rest}`);
  if (url === null || url.pathname !== "/" || url.username !== "") throw badHost(text, "it is no address");
  const isSecure = isHttps || isSet(platform, "DOCKER_TLS_VERIFY") || isSet(platform, "DOCKER_CERT_PATH");
  // A URL leaves out the default port of its scheme.
  const port = url.port !== "" ? Number(url.port) : /:80$/.test(rest) ? 80 : isSecure ? TLS_PORT : PLAIN_PORT;
  const hostname = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const name = `tcp://${url.hostname}:${port}`;
  return { name, address: { hostname, port, tls: isSecure ? await readIdentity(platform) : undefined } };
}

function isSet(platform: Platform, name: string): boolean {
  return (platform.env(name) ?? "") !== "";
}

async function readIdentity(platform: Platform): Promise<TlsIdentity> {
  const folder = platform.env("DOCKER_CERT_PATH") || `${platform.env("HOME") ?? ""}/.docker`;
  const read = async (name: string) => {
    const path = `${folder}/${name}`;
    if (await platform.stat(path) === undefined) return undefined;
    return new TextDecoder().decode(await platform.readFile(path, MAX_PEM_BYTES));
  };
  const [ca, cert, key] = await Promise.all([read("ca.pem"), read("cert.pem"), read("key.pem")]);
  if ((cert === undefined) !== (key === undefined)) {
    throw new FlowError(
      "invalid_config",
      `Cannot use the certificate in "${folder}": cert.pem and key.pem go together`,
      {
        hint: "Put both files there, or point DOCKER_CERT_PATH at another folder.",
      },
    );
  }
  return { ca, cert, key };
}

function badHost(text: string, state: string): FlowError {
  return new FlowError("invalid_config", `Cannot use the Docker host "${text}": ${state}`, {
    hint: "Give unix:///path/to/docker.sock or tcp://host:port, in host or in DOCKER_HOST.",
    retryable: false,
  });
}
