import { lazy } from "../../engine/lazy.ts";
import type { Platform } from "../../platform/types.ts";
import type { ApiCallContext } from "../api_call.ts";
import { CapturedBytes } from "../_captured_bytes.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { installCommand, installError, pipSettings, VENV_FOLDER } from "./packages.ts";
import { checkScript } from "./script_result.ts";
import { VenvCache } from "./venv_cache.ts";

/** What an installation may use. */
export const INSTALL_LIMITS = { memoryMb: 2048, pids: 512, tmpMb: 2048, timeoutMs: 600_000 };

const VERSION_SCRIPT = "import sys, sysconfig; print(sys.version, sysconfig.get_platform(), sys.executable)";
const MAX_TALK_BYTES = 256 * 1024;

/** Installs sets of packages, each in a sandbox, into folders that are kept and shown to scripts. */
export class PackageInstaller {
  readonly #platform: Platform;
  readonly #cache = lazy(() => new VenvCache(this.#platform));
  /** By kind and image; Python is seldom exchanged while flow runs. */
  readonly #versions = new Map<string, Promise<string>>();

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  /** The folder with these packages, made now if nobody has made it before. @throws {FlowError} `node_failed`, ... */
  async install(sandbox: Sandbox, packages: readonly string[], ctx: ApiCallContext): Promise<string> {
    const { config, signal } = ctx;
    const image = config.sandbox === "local" ? "" : config.image ?? "";
    const version = await this.#version(sandbox, `${config.sandbox} ${image}`, ctx);
    return await this.#cache().get([config.sandbox, image, version, ...packages], signal, async (folder) => {
      ctx.log(`Installing ${packages.join(", ")}`);
      await this.#fill(sandbox, folder, packages, ctx);
    });
  }

  async #fill(sandbox: Sandbox, folder: string, packages: readonly string[], ctx: ApiCallContext): Promise<void> {
    const { env, files } = await pipSettings(this.#platform, ctx.config.sandbox);
    const talk = new CapturedBytes(MAX_TALK_BYTES);
    const { code } = await sandbox.exec({
      command: installCommand(packages),
      env,
      files,
      stdin: undefined,
      network: true,
      limits: INSTALL_LIMITS,
      binds: [{ source: folder, target: VENV_FOLDER, isWritable: true }],
    }, { name: "pip install", ctx, onStdout: (chunk) => talk.push(chunk), onStderr: (chunk) => talk.push(chunk) });
    if (code !== 0) throw installError(packages, code, talk.text());
  }

  async #version(sandbox: Sandbox, key: string, ctx: ApiCallContext): Promise<string> {
    const known = this.#versions.get(key) ?? askVersion(sandbox, ctx);
    this.#versions.set(key, known);
    try {
      return await known;
    } catch (error) {
      if (this.#versions.get(key) === known) this.#versions.delete(key);
      // It may have been the other one's signal that ended it.
      if (ctx.signal.aborted) throw error;
      return await askVersion(sandbox, ctx);
    }
  }
}

async function askVersion(sandbox: Sandbox, ctx: ApiCallContext): Promise<string> {
  const said = new CapturedBytes(4096);
  const status = await sandbox.exec({
    command: ["python3", "-c", VERSION_SCRIPT],
    env: {},
    files: new Map(),
    stdin: undefined,
    network: false,
    limits: { memoryMb: 256, pids: 64, timeoutMs: 60_000 },
    binds: [],
  }, { name: "python3", ctx, onStdout: (chunk) => said.push(chunk), onStderr: (chunk) => said.push(chunk) });
  checkScript(status, said.text());
  return said.text().trim();
}
