/**
 * Flow Engine: run workflows of shell commands, HTTP calls, containers and your own code from TypeScript.
 *
 * ```ts
 * import { builtinNodes, createEngine, parseWorkflow } from "./mod.ts";
 *
 * const engine = createEngine({ nodes: builtinNodes() });
 * const workflow = await parseWorkflow({
 *   name: "Hello",
 *   nodes: [{ id: "hello", node_type: "shell.exec", config: { command: "echo", args: ["hello"] } }],
 * }, { registry: engine.registry });
 * const execution = await engine.start(workflow);
 * for await (const event of execution.events()) console.log(event.seq, event.type);
 * const result = await execution.result;
 * console.log(result.status, result.outputs.hello?.stdout);
 * await engine.close();
 * ```
 *
 * @module
 */
export { checkDocument, type CheckedDocument, type ParseOptions, parseWorkflow } from "./engine/parse.ts";
export { type Issue, type IssueCode, WorkflowError } from "./engine/issue.ts";
export { createEngine, Engine } from "./engine/engine.ts";
export type { EngineOptions, ExecutionHandle, Leftover, StartOptions } from "./engine/engine_options.ts";
export type { ExecutionResult } from "./engine/verdict.ts";
export {
  type CacheExplanation,
  explainExecution,
  type Explanation,
  type NodeExplanation,
  type PathStep,
} from "./engine/explain.ts";
export type { AttemptExplanation, TimeShares } from "./engine/execution_timeline.ts";
export type { RerunOptions, RerunPlan, RerunStep } from "./engine/rerun.ts";
export type { SubscribeOptions } from "./engine/subscription.ts";
export type { Clock } from "./engine/clock.ts";
export { type ErrorCode, type ErrorInfo, type ErrorKind, FlowError, type FlowErrorOptions } from "./engine/errors.ts";
export type {
  EventBody,
  EventHeader,
  EventOf,
  ExecutionEvent,
  FinalStatus,
  NodeEventBody,
  SkipReason,
} from "./engine/events.ts";
export {
  anyPorts,
  type ConfigOf,
  defineNode,
  type InputsOf,
  type LogLevel,
  type NodeContext,
  type NodeDefinition,
  type NodeDefinitionInput,
  type OutputsOf,
  type Ports,
  type ProcessIdentity,
  type Shape,
} from "./engine/node.ts";
export { NodeRegistry } from "./engine/registry.ts";
export { MemoryStore } from "./engine/memory_store.ts";
export { cacheResult, computeHash, getCachedResult, type HashParts } from "./engine/cache.ts";
export type { ExecutionState, NodeState, NodeStatus } from "./engine/state.ts";
export type {
  Awaitable,
  CacheEntry,
  EventQuery,
  ExecutionFilter,
  ExecutionRecord,
  ExecutionSummary,
  Lease,
  Store,
  WorkflowVersion,
} from "./engine/store.ts";
export type { Value, Values } from "./engine/value.ts";
export type {
  Connection,
  NodeSpec,
  OnError,
  RetryPolicy,
  TriggerSpec,
  Workflow,
  WorkflowSettings,
} from "./engine/workflow.ts";
export { builtinNodes } from "./nodes/mod.ts";
