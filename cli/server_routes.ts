import { buildCommand, buildRouteMap } from "@stricli/core";
import { FlowError } from "../engine/errors.ts";
import type { AuditFlags } from "./commands/audit.ts";
import type { ServeFlags } from "./commands/serve.ts";
import type { CreateTokenFlags, ListTokensFlags, RevokeTokenFlags } from "./commands/tokens.ts";
import { parseDuration } from "./duration.ts";
import {
  databaseFlag,
  debugFlag,
  examples,
  jsonFlag,
  lazily,
  nodesFlag,
  parseText,
  type ProgramContext,
  storeFlags,
  switchFlag,
  textFlag,
} from "./route.ts";
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
      maxExecutions: {
        kind: "parsed",
        parse: parseCount,
        optional: true,
        placeholder: "N",
        brief: "Run no more executions at the same time; the others wait (default: 100)",
      },
      maxExecutionsPerWorkflow: {
        kind: "parsed",
        parse: parseCount,
        optional: true,
        placeholder: "N",
        brief: "Run no more executions of one workflow at the same time (default: no limit)",
      },
      grace: {
        kind: "parsed",
        parse: parseDuration,
        optional: true,
        placeholder: "TIME",
        brief: "How long running nodes may take to end on SIGTERM (default: 10s)",
      },
      logFormat: {
        kind: "enum",
        values: ["text", "json"],
        optional: true,
        brief: "How the log on stderr is written (default: text, or FLOW_LOG_FORMAT)",
      },
      quiet: switchFlag("Log only what went wrong"),
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

const create = buildCommand<CreateTokenFlags, [], ProgramContext>({
  loader: lazily(async () => (await import("./commands/tokens.ts")).createToken),
  parameters: {
    flags: {
      role: {
        kind: "enum",
        values: ["viewer", "operator", "admin"],
        default: "operator",
        brief: "viewer reads, operator also saves and runs workflows, admin also reads the audit log",
      },
      name: textFlag("Who or what it is for, for people (default: the role)", "TEXT"),
      expires: {
        kind: "parsed",
        parse: parseDuration,
        optional: true,
        placeholder: "TIME",
        brief: "After this time it is worthless, such as 90d (default: never)",
      },
      ...jsonFlag,
      ...databaseFlag,
      ...debugFlag,
    },
  },
  docs: {
    brief: "Make a token for the server, and print it",
    customUsage: ["[options]"],
    fullDescription:
      "Makes a token for the server and prints it, for the only time: the database keeps only its hash." +
      examples("flow tokens create --name ci --expires 90d", "flow tokens create --role viewer --name dashboard"),
  },
});

const list = buildCommand<ListTokensFlags, [], ProgramContext>({
  loader: lazily(async () => (await import("./commands/tokens.ts")).listTokens),
  parameters: { flags: { ...jsonFlag, ...databaseFlag, ...debugFlag } },
  docs: {
    brief: "List the tokens of the server",
    customUsage: ["[options]"],
    fullDescription:
      "Lists the tokens that were made, also those that are revoked or expired. When one was last used is" +
      " known to the minute." + examples("flow tokens list", "flow tokens list --json"),
  },
});

const revoke = buildCommand<RevokeTokenFlags, [string], ProgramContext>({
  loader: lazily(async () => (await import("./commands/tokens.ts")).revokeToken),
  parameters: {
    flags: { ...databaseFlag, ...debugFlag },
    positional: {
      kind: "tuple",
      parameters: [{ brief: "Its id, or the token itself", parse: parseText, placeholder: "ID" }],
    },
  },
  docs: {
    brief: "Make a token worthless",
    fullDescription: "Makes a token worthless at once, also on servers that run." +
      examples("flow tokens revoke 4f1c09aa72d3"),
  },
});

/** `flow tokens`; alone, it lists them. */
export const tokens = buildRouteMap({
  routes: { create, list, revoke },
  defaultCommand: "list",
  docs: { brief: "Make, list and revoke the tokens of the server" },
});

/** `flow audit`. */
export const audit = buildCommand<AuditFlags, [], ProgramContext>({
  loader: lazily(async () => (await import("./commands/audit.ts")).showAudit),
  parameters: {
    flags: {
      limit: {
        kind: "parsed",
        parse: parseCount,
        optional: true,
        placeholder: "N",
        brief: "Not more than so many (default: 50)",
      },
      ...jsonFlag,
      ...databaseFlag,
      ...debugFlag,
    },
    aliases: { n: "limit" },
  },
  docs: {
    brief: "List who changed what through the server",
    customUsage: ["[options]"],
    fullDescription: "Lists the requests that changed something, or tried to, the newest first." +
      examples("flow audit", "flow audit --limit 1000 --json"),
  },
});

function listFlag<const Brief extends string>(brief: Brief, placeholder: string) {
  return { kind: "parsed", parse: parseText, variadic: true, optional: true, brief, placeholder } as const;
}

function parseCount(text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new FlowError("invalid_argument", `Cannot use "${text}" as a number`, {
    hint: "Write a whole number, such as 2048.",
  });
}

function parsePort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new FlowError("invalid_argument", `Cannot use "${text}" as a port`, {
    hint: "Write a whole number from 0 to 65535.",
  });
}
