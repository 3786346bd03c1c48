import { buildCommand, buildRouteMap } from "@stricli/core";
import type { SecretListFlags, SecretRemoveFlags, SecretSetFlags } from "./commands/secrets.ts";
import {
  databaseFlag,
  debugFlag,
  examples,
  jsonFlag,
  lazily,
  parseText,
  type ProgramContext,
  textFlag,
} from "./route.ts";

const NAME = { brief: "Name of the secret, such as API_TOKEN", parse: parseText, placeholder: "NAME" } as const;

const set = buildCommand<SecretSetFlags, [string], ProgramContext>({
  loader: lazily(async () => (await import("./commands/secrets.ts")).setSecret),
  parameters: {
    flags: {
      valueFile: textFlag("Where the value is: a file, or - for stdin", "FILE"),
      ...databaseFlag,
      ...debugFlag,
    },
    positional: { kind: "tuple", parameters: [NAME] },
  },
  docs: {
    brief: "Store a secret, encrypted",
    fullDescription: "Stores a secret in the database, encrypted. Asks for the value, without showing it, or reads it" +
      " from stdin: what stands in a command line can be read by others." + examples(
        "flow secrets set API_TOKEN",
        "pass show api-token | flow secrets set API_TOKEN",
        "flow secrets set DEPLOY_KEY --value-file ~/.ssh/deploy_key",
      ),
  },
});

const list = buildCommand<SecretListFlags, [], ProgramContext>({
  loader: lazily(async () => (await import("./commands/secrets.ts")).listSecrets),
  parameters: { flags: { ...jsonFlag, ...databaseFlag, ...debugFlag } },
  docs: {
    brief: "List the names of stored secrets",
    customUsage: ["[options]"],
    fullDescription: "Lists stored secrets: names and times, never values." + examples("flow secrets list --json"),
  },
});

const rm = buildCommand<SecretRemoveFlags, string[], ProgramContext>({
  loader: lazily(async () => (await import("./commands/secrets.ts")).removeSecrets),
  parameters: {
    flags: { ...databaseFlag, ...debugFlag },
    positional: { kind: "array", minimum: 1, parameter: NAME },
  },
  docs: {
    brief: "Forget stored secrets",
    fullDescription: "Forgets stored secrets." + examples("flow secrets rm API_TOKEN"),
  },
});

/** `flow secrets`; alone, it lists them. */
export const secrets = buildRouteMap({
  routes: { set, list, rm },
  defaultCommand: "list",
  docs: { brief: "Store, list and forget secrets" },
});
