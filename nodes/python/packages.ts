import { FlowError } from "../../engine/errors.ts";
import type { Platform } from "../../platform/types.ts";

/** Where the environment of a package set is, in every sandbox: it is not the same at another place. */
export const VENV_FOLDER = "/home/venv";

const PIP_CONFIG_FILE = "/home/sandbox/.config/pip/pip.conf";
const MAX_CONFIG_BYTES = 1024 * 1024;
/** What pip needs of the variables of flow to reach the index that this machine uses. */
const PIP_VARIABLES =
  /^(PIP_.*|https?_proxy|HTTPS?_PROXY|no_proxy|NO_PROXY|all_proxy|ALL_PROXY|SSL_CERT_FILE|REQUESTS_CA_BUNDLE)$/;

/** Makes an environment with these packages in {@link VENV_FOLDER}. */
export function installCommand(packages: readonly string[]): [string, ...string[]] {
  const script = `python3 -m venv ${VENV_FOLDER} >&2 &&
exec ${VENV_FOLDER}/bin/python -m pip install --no-input --no-cache-dir --disable-pip-version-check --progress-bar off \
  -- "$@" >&2`;
  return ["/bin/sh", "-c", script, "sh", ...packages];
}

/** How pip is set up on this machine, for a sandbox that does not see the home folder. */
export async function pipSettings(
  platform: Platform,
): Promise<{ env: Record<string, string>; files: Map<string, Uint8Array> }> {
  const variables = Object.entries(platform.envAll()).filter(([name]) => PIP_VARIABLES.test(name));
  const env = Object.fromEntries(variables);
  const files = new Map<string, Uint8Array>();
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
  const hasNoVenv = /ensurepip is not available|No module named venv/.test(output);
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
