import * as z from "zod";
import { anyPorts, defineNode } from "./node.ts";
import { NodeRegistry } from "./registry.ts";

/** Node types for the tests of documents. */
export const testRegistry = new NodeRegistry([
  defineNode({
    type: "shell.exec",
    version: 1,
    summary: "Run a command",
    category: "shell",
    config: {
      command: z.string(),
      args: z.union([z.array(z.string()), z.string()]).default([]),
      env: z.record(z.string(), z.string()).default({}),
      timeout: z.number().min(0).optional(),
      stdin: z.json().optional(),
    },
    inputs: { stdin: z.string().optional() },
    outputs: { stdout: z.string(), stderr: z.string(), exit_code: z.int() },
    run: () => ({}),
  }),
  defineNode({
    type: "text.upper",
    version: 1,
    summary: "Turn text into upper case",
    category: "text",
    config: { suffix: z.string().default("!") },
    inputs: { text: z.string(), locale: z.string().optional() },
    outputs: { text: z.string() },
    run: () => ({}),
  }),
  defineNode({
    type: "debug.log",
    version: 1,
    summary: "Write to the log",
    category: "debug",
    config: { level: z.enum(["info", "warning"], { error: "there is no such level" }).default("info") },
    inputs: anyPorts(),
    outputs: anyPorts(),
    run: () => ({}),
  }),
]);
