import * as z from "zod";
import { lazy } from "../engine/lazy.ts";
import { type ConfigOf, defineNode, type InputsOf, type NodeContext } from "../engine/node.ts";
import type { DefinedNode } from "../engine/node_type.ts";
import type { Platform } from "../platform/types.ts";
import { anyValue } from "./_value.ts";
import { closeSandboxResource, SANDBOX_KINDS } from "./sandbox/open_sandbox.ts";

const config = () => ({
  url: z.string().optional().describe("Page to open, http or https; either this or html"),
  html: z.string().optional().describe("Page to show; either this or url"),
  mode: z.enum(["dom", "text", "screenshot"]).default("dom").describe(
    "What to make of it: its HTML after scripts have run, its text, or a PNG picture",
  ),
  wait_ms: z.int().min(0).max(600_000).default(1000).describe(
    "How much time the page's scripts get after loading; it passes faster than real time",
  ),
  width: z.int().min(1).max(16_384).default(1280).describe("Width of the window"),
  height: z.int().min(1).max(16_384).default(720).describe("Height of the window"),
  network: z.boolean().optional().describe("Let the page use the network; default: only if it has a url"),
  memory_mb: z.int().min(128).max(1024 * 1024).default(512).describe("MiB of memory"),
  timeout: z.number().positive().max(86_400).default(30).describe("Seconds until it is stopped"),
  image: z.string().optional().describe("Image with a browser, for the docker and zypi sandboxes"),
  zypi_url: z.string().optional().describe("Address of the Zypi server"),
  sandbox: z.enum(SANDBOX_KINDS).default("zypi").describe("Where the browser runs"),
});

const inputs = () => ({
  url: z.string().optional().describe("Page to open; wins over the config"),
  html: z.string().optional().describe("Page to show; wins over the config"),
});

const outputs = () => ({
  output: anyValue().describe("The HTML or the text; of a screenshot the PNG's bytes"),
  stdout: z.string().describe("The same as text; a PNG in base64"),
  duration_ms: z.number(),
});

/** What a page is rendered with. */
export type BrowserRenderContext = NodeContext<
  ConfigOf<ReturnType<typeof config>>,
  InputsOf<ReturnType<typeof inputs>>
>;

/** @internal */
export type BrowserRenderNode = DefinedNode<typeof config, typeof inputs, typeof outputs>;

/**
 * Renders a page in headless Chromium, which runs in a sandbox, without Chromium's own.
 *
 * - Only pages by http and https are opened; an error page of a server is a page, too.
 * - A page that never ends loading is rendered as far as it is before the timeout.
 */
export function createBrowserRender(platform: Platform): BrowserRenderNode {
  const runner = lazy(async () => new (await import("./browser/render_runner.ts")).RenderRunner(platform));
  return defineNode({
    type: "browser.render",
    version: 1,
    summary: "Render a page in a headless browser",
    category: "browser",
    config,
    inputs,
    outputs,
    run: async (ctx) => await (await runner()).run(ctx),
    closeResource: async (resource, signal) => await closeSandboxResource(platform, resource, signal),
  });
}
