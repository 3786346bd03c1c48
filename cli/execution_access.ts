import type { ExecutionHandle, StartOptions } from "../engine/engine_options.ts";
import { FlowError } from "../engine/errors.ts";
import type { ExecutionEvent } from "../engine/events.ts";
import type { NodeDefinition } from "../engine/node.ts";
import type { NodeRegistry } from "../engine/registry.ts";
import type { RerunOptions, RerunPlan } from "../engine/rerun.ts";
import type { ExecutionReader, Store } from "../engine/store.ts";
import type { SubscribeOptions } from "../engine/subscription.ts";
import type { Workflow } from "../engine/workflow.ts";
import type { Platform } from "../platform/types.ts";
import type { CliContext } from "./context.ts";
import { LocalHost } from "./local_host.ts";
import type { NoStoreFlags, StoreFlags } from "./open_store.ts";
import type { SecretFlags } from "./secret_sources.ts";

/** Where executions are: in a database of this machine, or on a server. */
export interface ExecutionHost {
  /** Whether nodes work on another machine. */
  readonly isRemote: boolean;
  /** The node types that workflows may use there. */
  openRegistry(userNodes: Iterable<NodeDefinition>): Promise<NodeRegistry>;
  /** Calls `work` with what is there, and lets go of it afterwards. */
  withAccess<T>(work: (access: ExecutionAccess) => Promise<T>): Promise<T>;
}

/** What commands do with executions, wherever these are. */
export interface ExecutionAccess {
  readonly reader: ExecutionReader;
  /** Makes executions whose process is gone show as interrupted. */
  refresh(): Promise<void>;
  /** Events from `after` on, live, until the execution ends or nobody drives it. */
  follow(executionId: string, options: SubscribeOptions): AsyncIterable<ExecutionEvent>;
  /** Asks whoever drives an execution to cancel it. @throws {FlowError} `conflict` if it has ended */
  requestCancel(executionId: string, reason: string): Promise<void>;
  /** What runs executions with these node types. */
  openRunner(registry: NodeRegistry): Promise<ExecutionRunner>;
}

/** What runs executions. */
export interface ExecutionRunner {
  readonly registry: NodeRegistry;
  readonly lastResort: LastResort;
  start(workflow: Workflow, options: StartOptions): Promise<ExecutionHandle>;
  resume(executionId: string): Promise<ExecutionHandle>;
  planRerun(executionId: string, options: RerunOptions): Promise<RerunPlan>;
  rerun(plan: RerunPlan, options: Omit<StartOptions, "inputs">): Promise<ExecutionHandle>;
  /** Ends an execution that nobody drives and that was asked to cancel. */
  closeInterrupted(executionId: string): Promise<void>;
}

/** What is done for a user who would not wait until an execution is cancelled. */
export interface LastResort {
  /** What the user is told meanwhile, and when it is done. */
  readonly doing: string;
  readonly done: string;
  apply(executionId: string): Promise<void>;
}

/** Which server a command works with. */
export interface ServerFlags {
  /** Its address; default: `FLOW_SERVER`, unless a database is named. */
  readonly server?: string | undefined;
  /** Default: `FLOW_TOKEN`. */
  readonly token?: string | undefined;
}

/** Which executions a command works with. */
export interface HostFlags extends ServerFlags, StoreFlags, NoStoreFlags, SecretFlags {
  readonly nodes?: readonly string[] | undefined;
}

/** How a command opens a database of this machine. */
export type OpenDatabase = (platform: Platform, flags: HostFlags) => Promise<Store>;

/**
 * Finds out where the user wants to work.
 *
 * @throws {FlowError} `invalid_argument` if the flags contradict each other
 */
export async function chooseHost(context: CliContext, flags: HostFlags, open: OpenDatabase): Promise<ExecutionHost> {
  const server = findServer(context.platform, flags);
  if (server === undefined) return new LocalHost(context.platform, flags, open);
  const { RemoteHost } = await import("./remote/remote_host.ts");
  return new RemoteHost(context.platform, server, flags.token ?? context.platform.env("FLOW_TOKEN"));
}

/** These say something about this machine. */
const LOCAL_FLAGS = { db: "--db", noStore: "--no-store", durability: "--durability" } as const;
/** The server has its own. */
const SERVER_FLAGS = { nodes: "--nodes", secretsFile: "--secrets-file" } as const;

function findServer(platform: Platform, flags: HostFlags): string | undefined {
  const isLocal = Object.keys(LOCAL_FLAGS).some((name) => flags[name as keyof typeof LOCAL_FLAGS] !== undefined);
  const named = platform.env("FLOW_SERVER");
  const server = flags.server ?? (isLocal || named === "" ? undefined : named);
  if (server === undefined) return undefined;
  for (const [name, flag] of Object.entries({ ...LOCAL_FLAGS, ...SERVER_FLAGS })) {
    const value = flags[name as keyof typeof LOCAL_FLAGS | keyof typeof SERVER_FLAGS];
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue;
    throw new FlowError("invalid_argument", `Cannot use ${flag} with the server "${server}"`, {
      hint: `Leave ${flag} out, or give it to "flow serve".`,
    });
  }
  return server;
}
