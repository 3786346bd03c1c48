import { FlowError } from "../../engine/errors.ts";
import type { Platform } from "../../platform/types.ts";
import type { SandboxKind } from "../sandbox/open_sandbox.ts";

/** Where the environment of a package set is, in every sandbox: it is not the same at another place. */
export const VENV_FOLDER = "/home/venv";

const PIP_CONFIG_FILE = "/home/sandbox/.config/pip/pip.conf";
const MAX_CONFIG_BYTES = 1024 * 1024;
/** What pip needs of the variables of flow to reach the index that this machine uses. */
const PIP_VARIABLES =
  /^(PIP_.*|https?_proxy|HTTPS?_PROXY|no_proxy|NO_PROXY|all_proxy|ALL_PROXY|SSL_CERT_FILE|REQUESTS_CA_BUNDLE)$/;

/** The Python of that environment. */
export const VENV_PYTHON = `${VENV_FOLDER}/bin/python`;
/** How a command of {@link withInstallation} ends if it could not install. */
export const INSTALL_FAILURE_CODE = 97;

/** A pip that is there already can install into the environment; to give it a pip of its own takes 3 seconds. */
const INSTALL = `{
  if python3 -m venv --without-pip ${VENV_FOLDER} && python3 -m pip --python ${VENV_PYTHON} --version >/dev/null; then
    pip="python3 -m pip --python ${VENV_PYTHON}"
  else
    python3 -m venv ${VENV_FOLDER} && pip="${VENV_PYTHON} -m pip"
  fi && $pip install --no-input --no-cache-dir --disable-pip-version-check --progress-bar off -- "$@"
} >&2`;

/** Makes an environment with these packages in {@link VENV_FOLDER}. */
export function installCommand(packages: readonly string[]): [string, ...string[]] {
  return ["/bin/sh", "-c", INSTALL, "sh", ...packages];
}

/** Installs the packages, then runs a script: for sandboxes that keep nothing. */
export function withInstallation(packages: readonly string[], script: string): [string, ...string[]] {
  const run = `{ ${INSTALL}; } || exit ${INSTALL_FAILURE_CODE}; exec ${VENV_PYTHON} "$FLOW_SCRIPT"`;
  return ["/usr/bin/env", `FLOW_SCRIPT=${script}`, "/bin/sh", "-c", run, "sh", ...packages];
}

/** Of these, what makes sense on another machine, too. */
const INDEX_VARIABLES = /^(PIP_(EXTRA_)?INDEX_URL|PIP_TRUSTED_HOST|.*_proxy|.*_PROXY)$/;

/** What a sandbox needs so that pip works in it as it does here. */
export interface PipSettings {
  env: Record<string, string>;
  files: Map<string, Uint8Array>;
}

/** How pip is set up on this machine, for a sandbox that does not see the home folder. */
export async function pipSettings(
  platform: Platform,
  kind: SandboxKind,
): Promise<PipSettings> {
  const wanted = kind === "local" ? PIP_VARIABLES : INDEX_VARIABLES;
  const variables = Object.entries(platform.envAll()).filter(([name]) => wanted.test(name));
  const env = Object.fromEntries(variables);
  const files = new Map<string, Uint8Array>();
  if (kind !== "local") return { env, files };
  const config = await findConfig(platform, env["PIP_CONFIG_FILE"]);
  delete env["PIP_CONFIG_FILE"];
  if (config === undefined) return { env, files };
  files.set(PIP_CONFIG_FILE, await platform.readFile(config, MAX_CONFIG_BYTES));
  env["PIP_CONFIG_FILE"] = PIP_CONFIG_FILE;
  return { env, files };
}

async function findConfig(platform: Platform, named: string | undefined): Promise<string | undefined> {
  const home = platform.env("HOME");
  const folder = platform.env("XDG_CONFIG_HOME") || (home && `${home}/.config`);
  const candidates = [named, folder && `${folder}/pip/pip.conf`, home && `${home}/.pip/pip.conf`];
  for (const path of candidates) {
    if (path && (await platform.stat(path).catch(() => undefined))?.isFile) return path;
  }
  return undefined;
}

/** Why an installation has failed, as pip and venv say it. */
export function installError(packages: readonly string[], code: number, output: string): FlowError {
  const names = packages.join(" ");
  const reason = output.match(/^ERROR: .*$/m)?.[0].slice("ERROR: ".length) ?? output.trimEnd().split("\n").at(-1);
  const isWrong = /No matching distribution|Could not find a version|Invalid requirement/.test(output) &&
    !/connection|timed out|Temporary failure|Name or service/i.test(output);
  const hasNoVenv = /ensurepip is not available|No module named '?(venv|ensurepip)|^Failing command: /m.test(output);
  return new FlowError("node_failed", `Cannot install "${names}": ${hasNoVenv ? "Python has no venv" : reason}`, {
    hint: hasNoVenv
      ? "Install python3-venv (Debian and Ubuntu: apt-get install python3-venv)."
      : isWrong
      ? "Correct the names and versions in packages."
      : "Check that pip can reach its index from this machine.",
    retryable: !isWrong && !hasNoVenv,
    details: { exit_code: code, stderr_tail: output.slice(-2048) },
  });
}
