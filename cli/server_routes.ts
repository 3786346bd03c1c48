import { buildCommand } from "@stricli/core";
import { FlowError } from "../engine/errors.ts";
import type { ServeFlags } from "./commands/serve.ts";
import { parseDuration } from "./duration.ts";
import { debugFlag, examples, lazily, nodesFlag, type ProgramContext, storeFlags, textFlag } from "./route.ts";
import { parseSize } from "./serve_settings.ts";

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
      token: textFlag(
        "A token with the role admin (default: FLOW_TOKEN, which other users of the machine cannot see)",
        "TOKEN",
      ),
      tokenFile: textFlag("Tokens with their roles (default: FLOW_TOKEN_FILE)", "FILE"),
      cert: textFlag("TLS: the certificate, in PEM", "FILE"),
      key: textFlag("TLS: its private key, in PEM", "FILE"),
      allowHost: listFlag("Answer to this name too, besides localhost and addresses", "NAME"),
      allowOrigin: listFlag("Let pages of this origin use the API, such as https://example.com", "ORIGIN"),
      maxBody: {
        kind: "parsed",
        parse: parseSize,
        optional: true,
        placeholder: "SIZE",
        brief: "Refuse larger request bodies (default: 16m)",
      },
      maxConnections: {
        kind: "parsed",
        parse: parseCount,
        optional: true,
        placeholder: "N",
        brief: "Take no more connections than these (default: 2048)",
      },
      grace: {
        kind: "parsed",
        parse: parseDuration,
        optional: true,
        placeholder: "TIME",
        brief: "How long running nodes may take to end on SIGTERM (default: 10s)",
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
    fullDescription:
      "Serves workflows over HTTP and WebSocket until it is interrupted, and goes on with what an earlier" +
      " server was cut off from. Whoever may execute workflows may run commands as you: without a token only this" +
      " machine can connect." + examples(
        "flow serve",
        "flow serve --port 8080 --db /var/lib/flow/flow.db",
        "FLOW_TOKEN=$(openssl rand -hex 32) flow serve --host 0.0.0.0 --cert cert.pem --key key.pem",
      ),
  },
});

function listFlag<const Brief extends string>(brief: Brief, placeholder: string) {
  return { kind: "parsed", parse: String, variadic: true, optional: true, brief, placeholder } as const;
}

function parseCount(text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new FlowError("invalid_argument", `Cannot use "${text}" as a number of connections`, {
    hint: "Write a whole number, such as 2048.",
  });
}

function parsePort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new FlowError("invalid_argument", `Cannot use "${text}" as a port`, {
    hint: "Write a whole number from 0 to 65535.",
  });
}
