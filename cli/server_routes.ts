import { buildCommand } from "@stricli/core";
import { FlowError } from "../engine/errors.ts";
import type { ServeFlags } from "./commands/serve.ts";
import { debugFlag, examples, lazily, nodesFlag, type ProgramContext, storeFlags, textFlag } from "./route.ts";

/** `flow serve`. */
export const serve = buildCommand<ServeFlags, [], ProgramContext>({
  loader: lazily(async () => (await import("./commands/serve.ts")).serve),
  parameters: {
    flags: {
      host: textFlag("Address to listen on (default: 127.0.0.1, or that of BIND_ADDRESS)", "HOST"),
      port: {
        kind: "parsed",
        parse: parsePort,
        optional: true,
        placeholder: "PORT",
        brief: "Port to listen on (default: 3000, or that of BIND_ADDRESS); 0: any free one",
      },
      workdir: textFlag("Folder in which nodes work (default: this one)", "FOLDER"),
      ...storeFlags,
      ...nodesFlag,
      ...debugFlag,
    },
  },
  docs: {
    brief: "Serve workflows over HTTP and WebSocket",
    customUsage: ["[options]"],
    fullDescription: "Serves workflows over HTTP and WebSocket until it is interrupted." +
      examples("flow serve", "flow serve --port 8080 --db /var/lib/flow/flow.db"),
  },
});

function parsePort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new FlowError("invalid_argument", `Cannot use "${text}" as a port`, {
    hint: "Write a whole number from 0 to 65535.",
  });
}
