import * as z from "zod";
import { type ConfigOf, defineNode, type InputsOf, type NodeContext } from "../engine/node.ts";
import type { DefinedNode } from "../engine/node_type.ts";
import { imageField, urlField } from "./_zypi_fields.ts";

const createConfig = () => ({
  url: urlField(),
  image: imageField(),
  vcpus: z.int().min(1).max(64).default(1).describe("Virtual CPUs"),
  memory_mb: z.int().min(32).max(1024 * 1024).default(256).describe("MiB of memory"),
});
const closeConfig = () => ({ url: urlField() });
const closeInputs = () => ({ session_id: z.string().min(1).describe("What zypi.session_create or zypi.exec put out") });

/** What a session is created with. */
export type SessionCreateContext = NodeContext<ConfigOf<ReturnType<typeof createConfig>>, unknown>;

/** What a session is closed with. */
export type SessionCloseContext = NodeContext<
  ConfigOf<ReturnType<typeof closeConfig>>,
  InputsOf<ReturnType<typeof closeInputs>>
>;

const createOutputs = () => ({
  session_id: z.string(),
  container_id: z.string(),
  ip: z.string().describe("Address of the microVM in the server's network"),
  image: z.string(),
  duration_ms: z.number(),
});

/** @internal */
type SessionCreateNode = DefinedNode<typeof createConfig, Record<never, never>, typeof createOutputs>;

/**
 * Boots a microVM that stays until it is closed: by `zypi.session_close`, or else when the execution ends.
 *
 * ```ts
 * import { zypiSessionCreate, workflow } from "flowengine";
 *
 * workflow("example").add("a", zypiSessionCreate({ image: "ubuntu:24.04" }));
 * ```
 */
export const zypiSessionCreate: SessionCreateNode = defineNode({
  type: "zypi.session_create",
  version: 1,
  summary: "Boot a microVM that several commands share",
  category: "zypi",
  config: createConfig,
  inputs: {},
  outputs: createOutputs,
  run: async (ctx) => await (await import("./zypi/sessions.ts")).createSession(ctx),
  closeResource: async (resource, signal) =>
    await (await import("./zypi/resources.ts")).closeZypiResource(resource, signal),
});

const closeOutputs = () => ({ session_id: z.string(), duration_ms: z.number() });

/** @internal */
type SessionCloseNode = DefinedNode<typeof closeConfig, typeof closeInputs, typeof closeOutputs>;

/**
 * Closes a session before the execution ends. One that is gone already is no error.
 *
 * ```ts
 * import { zypiSessionClose, workflow } from "flowengine";
 *
 * workflow("example").add("a", zypiSessionClose(), { session_id: "${{ inputs.session_id }}" });
 * ```
 */
export const zypiSessionClose: SessionCloseNode = defineNode({
  type: "zypi.session_close",
  version: 1,
  summary: "Close a microVM that several commands shared",
  category: "zypi",
  config: closeConfig,
  inputs: closeInputs,
  outputs: closeOutputs,
  run: async (ctx) => await (await import("./zypi/sessions.ts")).closeSession(ctx),
});
