import * as z from "zod";
import type { ExecutionHandle } from "../../engine/engine_options.ts";
import { encodeDocument } from "../../engine/encode_document.ts";
import { anyPorts, defineNode, type NodeDefinition } from "../../engine/node.ts";
import type { NodeRegistry } from "../../engine/registry.ts";
import type { RerunOptions, RerunPlan } from "../../engine/rerun.ts";
import type { Platform } from "../../platform/types.ts";
import { connect, type FlowClient } from "../../server/client/connect.ts";
import type { RemoteExecutionHandle } from "../../server/client/execution_handle.ts";
import type { RemoteRerunOptions } from "../../server/client/executions_api.ts";
import type { NodeDescription } from "../../server/node_description.ts";
import type { ExecutionAccess, ExecutionHost, ExecutionRunner, LastResort } from "../execution_access.ts";
import { openRegistry } from "../open_engine.ts";
import { createRemoteReader } from "./remote_reader.ts";

/** Executions on a server. */
export class RemoteHost implements ExecutionHost {
  readonly isRemote = true;
  readonly #platform: Platform;
  readonly #client: FlowClient;

  /** @throws {FlowError} `invalid_argument` if `server` is no address */
  constructor(platform: Platform, server: string, token: string | undefined) {
    this.#platform = platform;
    this.#client = connect(server, { token: token === "" ? undefined : token });
  }

  /** Of node types that only the server has, all that is known here is that they exist: the server checks the rest. */
  async openRegistry(userNodes: Iterable<NodeDefinition>): Promise<NodeRegistry> {
    const registry = openRegistry(this.#platform, userNodes);
    for (const description of await this.#client.nodeTypes()) {
      if (registry.get(description.type) === undefined) registry.register(createStandIn(description));
    }
    return registry;
  }

  async withAccess<T>(work: (access: ExecutionAccess) => Promise<T>): Promise<T> {
    const { executions } = this.#client;
    return await work({
      reader: createRemoteReader(executions),
      // The server sees to it.
      refresh: () => Promise.resolve(),
      follow: (executionId, options) => executions.events(executionId, options),
      requestCancel: (executionId, reason) => executions.requestCancel(executionId, reason),
      openRunner: (registry) => Promise.resolve(createRunner(this.#client, registry)),
    });
  }
}

function createStandIn({ type, version, description, category }: NodeDescription): NodeDefinition {
  const standIn = defineNode({
    type,
    version,
    summary: description,
    category,
    config: {},
    inputs: anyPorts(),
    outputs: anyPorts(),
    run: () => ({}),
  });
  return { ...standIn, config: z.looseObject({}) };
}

function createRunner({ executions }: FlowClient, registry: NodeRegistry): ExecutionRunner {
  /** What the server is asked for is what it was asked to plan. */
  const requests = new WeakMap<RerunPlan, RemoteRerunOptions>();
  return {
    registry,
    lastResort,
    async start(workflow, { inputs, verbose, timeoutMs, useCache }) {
      const document = encodeDocument(workflow);
      return toHandle(executions.handle(await executions.start(document, { inputs, verbose, timeoutMs, useCache })));
    },
    resume: async (executionId) => toHandle(await executions.resume(executionId)),
    async planRerun(executionId, options) {
      const request = encodeRerun(options);
      const { workflow } = options;
      const reader = createRemoteReader(executions);
      const planned = workflow ?? (await reader.getRecord(executionId))?.workflow;
      const plan = { ...await executions.planRerun(executionId, request), workflow: planned } as RerunPlan;
      requests.set(plan, request);
      return plan;
    },
    async rerun(plan, { verbose, timeoutMs, useCache }) {
      const request = requests.get(plan) ?? {};
      return toHandle(await executions.rerun(plan.execution_id, { ...request, verbose, timeoutMs, useCache }));
    },
    async closeInterrupted(executionId) {
      // The server does it; this waits for it.
      await executions.handle(executionId).result;
    },
  };
}

function encodeRerun({ from, only, workflow, inputs }: RerunOptions): RemoteRerunOptions {
  return { from, only, inputs, ...(workflow === undefined ? {} : { workflow: encodeDocument(workflow) }) };
}

/** Nothing of this machine is left running. */
const lastResort: LastResort = {
  doing: "Leaving…",
  done: "Left: the server goes on cancelling",
  apply: () => Promise.resolve(),
};

function toHandle(handle: RemoteExecutionHandle): ExecutionHandle {
  return {
    execution_id: handle.execution_id,
    get result() {
      return handle.result;
    },
    events: (options) => handle.events(options),
    // The server masks what it sends; nothing else of what it knows gets here.
    mask: (text) => text,
    // Whoever watches sees whether it has been heard: if not, the events do not end.
    cancel: (reason) => void handle.cancel(reason).catch(() => {}),
  };
}
