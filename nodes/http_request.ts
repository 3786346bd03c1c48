import * as z from "zod";
import { type ConfigOf, defineNode, type InputsOf, type NodeContext } from "../engine/node.ts";
import type { DefinedNode } from "../engine/node_type.ts";
import { anyValue } from "./_value.ts";

/** Fetch cannot send these. */
const FORBIDDEN_METHODS: readonly string[] = ["CONNECT", "TRACE", "TRACK"];

const method = () =>
  z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, "a method is one word, such as GET")
    .refine((name) => !FORBIDDEN_METHODS.includes(name.toUpperCase()), "CONNECT, TRACE and TRACK cannot be sent");
const headers = () => z.record(z.string(), z.string());
const scalar = () => z.union([z.string(), z.number(), z.boolean()]);

const config = () => ({
  method: method().default("GET").describe("Any HTTP method"),
  url: z.string().optional().describe("Address; the input url wins"),
  headers: headers().default({}),
  query: z.record(z.string(), z.union([scalar(), z.array(scalar())])).default({}).describe(
    "Parameters that are added to the address; a list makes a parameter appear several times",
  ),
  body: anyValue().optional().describe(
    "Text and bytes are sent as they are, other values as JSON; the input body wins",
  ),
  timeout: z.number().positive().default(30).describe(
    "Seconds for everything: connecting, redirects and the whole body",
  ),
  follow_redirects: z.boolean().default(true).describe("Follow up to 20 redirects; false: the redirect is the answer"),
  fail_on_status: z.boolean().default(true).describe("Fail if the status is 400 or above"),
  max_body_bytes: z.int().min(0).default(50 * 1024 * 1024).describe("How large the answer may be, after decompression"),
  parse: z.enum(["auto", "json", "text", "bytes"]).default("auto").describe("What body is; auto: by the content type"),
});

const inputs = () => ({
  url: z.string().optional().describe("Address; wins over the config"),
  body: anyValue().optional().describe("What to send; wins over the config"),
  headers: headers().optional().describe("Added to those of the config; wins over them"),
});

const outputs = () => ({
  status: z.int(),
  body: anyValue(),
  headers: z.record(z.string(), z.union([z.string(), z.array(z.string())])).describe(
    "By lower-case name; set-cookie is a list",
  ),
});

/** What a request is sent with. */
export type HttpRequestContext = NodeContext<ConfigOf<ReturnType<typeof config>>, InputsOf<ReturnType<typeof inputs>>>;

/** @internal */
type HttpRequestNode = DefinedNode<typeof config, typeof inputs, typeof outputs>;

/**
 * Sends an HTTP request. Cancelling and the timeout close the connection.
 *
 * ```ts
 * import { httpRequest, workflow } from "flowengine";
 *
 * workflow("example").add("a", httpRequest({ url: "https://example.com" }));
 * ```
 */
export const httpRequest: HttpRequestNode = defineNode({
  type: "http.request",
  version: 1,
  summary: "Send an HTTP request",
  category: "http",
  config,
  inputs,
  outputs,
  // Loaded with the first request: what every start of flow would load costs it 0.1 ms per module.
  run: async (ctx) => await (await import("./_http_send.ts")).sendRequest(ctx),
});
