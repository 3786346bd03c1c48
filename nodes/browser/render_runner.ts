import { decodeBase64 } from "../../engine/base64.ts";
import { FlowError } from "../../engine/errors.ts";
import type { Values } from "../../engine/value.ts";
import type { Platform } from "../../platform/types.ts";
import { CapturedBytes } from "../_captured_bytes.ts";
import type { BrowserRenderContext } from "../browser_render.ts";
import type { Bind } from "../sandbox/binds.ts";
import { SandboxOpener } from "../sandbox/open_sandbox.ts";
import type { Sandbox, SandboxRequest } from "../sandbox/sandbox.ts";
import { pageText } from "./page_text.ts";
import { BROWSER_NAMES, renderCommand } from "./render_command.ts";
import { checkRendered, lateError } from "./render_problems.ts";

/** For Docker; any image with Chromium and a POSIX shell will do. */
const DEFAULT_IMAGE = "zenika/alpine-chrome:latest";
const MAX_PAGE_BYTES = 64 * 1024 * 1024;
const MAX_TALK_BYTES = 8 * 1024;
const PAGE_FILE = "/tmp/flow-page.html";
/** Chromium has a lot of threads, and each counts. */
const MAX_THREADS = 2048;
/** It reserves more than it uses: with less than this, pages of some megabytes make it crash. */
const RESERVE_FACTOR = 2;

type Config = BrowserRenderContext["config"];
/** What is rendered: an address, or the page itself. */
type Source = { url: string } | { html: string };

/** Renders the pages of `browser.render`. */
export class RenderRunner {
  readonly #platform: Platform;
  readonly #opener: SandboxOpener;

  constructor(platform: Platform) {
    this.#platform = platform;
    this.#opener = new SandboxOpener(platform, DEFAULT_IMAGE);
  }

  async run(ctx: BrowserRenderContext): Promise<Values> {
    const { config } = ctx;
    const source = findSource(ctx);
    const page = "url" in source ? `"${source.url}"` : "the page";
    const started = performance.now();
    const sandbox = await this.#opener.open(config);
    const rendered = this.#exec(sandbox, this.#toRequest(source, config), ctx).catch((error) => {
      const isLate = error instanceof FlowError && error.code === "timeout" && !ctx.signal.aborted;
      throw isLate ? lateError(page, config.timeout) : error;
    });
    const { bytes, stderr, code } = await rendered;
    checkRendered(page, code, stderr);
    if (/^flow: unfinished$/m.test(stderr)) {
      ctx.log(`${page} does not end loading: rendered as far as it was`, "warning");
    }
    return { ...toOutputs(config.mode, bytes), duration_ms: Math.round(performance.now() - started) };
  }

  async #exec(
    sandbox: Sandbox,
    request: SandboxRequest,
    ctx: BrowserRenderContext,
  ): Promise<{ bytes: CapturedBytes; stderr: string; code: number }> {
    const bytes = new CapturedBytes(MAX_PAGE_BYTES);
    const talk = new CapturedBytes(MAX_TALK_BYTES);
    const { code } = await sandbox.exec(request, {
      name: "chromium",
      ctx,
      onStdout: (chunk) => bytes.push(chunk),
      onStderr: (chunk) => talk.push(chunk),
    });
    if (bytes.lost === 0) return { bytes, stderr: talk.text(), code };
    throw new FlowError(
      "output_too_large",
      `Cannot keep a page of ${bytes.total} bytes: ${MAX_PAGE_BYTES} are possible`,
      {
        hint: "Render a smaller page, or a smaller window.",
        retryable: false,
      },
    );
  }

  #toRequest(source: Source, config: Config): SandboxRequest {
    const own = config.sandbox === "local" ? this.#platform.env("CHROME_BIN") : undefined;
    return {
      command: renderCommand({
        target: "url" in source ? source.url : `file://${PAGE_FILE}`,
        mode: config.mode,
        waitMs: config.wait_ms,
        width: config.width,
        height: config.height,
        timeoutMs: config.timeout * 1000,
        browsers: own ? [own, ...BROWSER_NAMES] : BROWSER_NAMES,
      }),
      env: {},
      files: "html" in source ? new Map([[PAGE_FILE, encodePage(source.html)]]) : new Map(),
      stdin: undefined,
      network: config.network ?? "url" in source,
      limits: {
        memoryMb: config.memory_mb * (config.sandbox === "local" ? RESERVE_FACTOR : 1),
        pids: MAX_THREADS,
        timeoutMs: config.timeout * 1000,
      },
      binds: own ? browserFolder(own) : [],
    };
  }
}

/** @throws {FlowError} `invalid_input` unless there is exactly one of them, and an address is one of the web */
function findSource({ config, inputs }: BrowserRenderContext): Source {
  const url = inputs.url ?? config.url;
  const html = inputs.html ?? config.html;
  if ((url === undefined) === (html === undefined)) {
    const state = url === undefined ? "neither url nor html is given" : "both url and html are given";
    throw new FlowError("invalid_input", `Cannot render a page: ${state}`, {
      hint: "Give exactly one of them, in the config or as an input.",
      retryable: false,
    });
  }
  if (html !== undefined) return { html };
  return { url: checkAddress(url ?? "") };
}

function checkAddress(url: string): string {
  const address = URL.canParse(url) ? new URL(url) : undefined;
  if (address?.protocol === "http:" || address?.protocol === "https:") return address.href;
  const state = address === undefined ? "it is not an address" : `"${address.protocol}" is neither http nor https`;
  throw new FlowError("invalid_input", `Cannot render "${url}": ${state}`, {
    hint: 'Give an address such as "https://example.com/", or the page itself as html.',
    retryable: false,
  });
}

/** Without the mark at its beginning, Chromium would guess the encoding. */
function encodePage(html: string): Uint8Array {
  return new TextEncoder().encode(`\ufeff${html}`);
}

/** A browser outside of the system's folders may lie in one that sandboxes do not see. */
function browserFolder(path: string): Bind[] {
  const folder = path.slice(0, path.lastIndexOf("/"));
  if (folder === "" || /^\/(usr|bin|sbin|opt)(\/|$)/.test(folder)) return [];
  return [{ source: folder, target: folder, isWritable: false }];
}

function imageOf(text: string): Uint8Array {
  const image = decodeBase64(text);
  if (image !== undefined) return image;
  throw new FlowError("node_failed", "Cannot take a screenshot: the browser has answered no image", {
    hint: "Render it again, or in another sandbox.",
  });
}

function toOutputs(mode: Config["mode"], bytes: CapturedBytes): Values {
  const text = bytes.text();
  if (mode === "screenshot") return { output: imageOf(text), stdout: text };
  const shown = mode === "text" ? pageText(text) : text.replace(/\n$/, "");
  return { output: shown, stdout: shown };
}
