/**
 * Flow Engine: run workflows of shell commands, HTTP calls, containers and your own code from TypeScript.
 *
 * ```ts
 * import { createEngine, parseWorkflow } from "flowengine";
 *
 * const engine = createEngine();
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
 * `openSqliteStore` keeps executions beyond the process, `defineNode` makes node types of your own. docs/typescript.md
 * shows each with an example.
 *
 * @module
 */
export { checkDocument, type CheckedDocument, type ParseOptions, parseWorkflow } from "./engine/parse.ts";
export { type Issue, type IssueCode, type Path, WorkflowError } from "./engine/issue.ts";
export { createEngine, type CreateEngineOptions } from "./create_engine.ts";
export type { BusListener } from "./engine/bus.ts";
export type { Engine } from "./engine/engine.ts";
export type { EngineOptions, ExecutionHandle, StartOptions } from "./engine/engine_options.ts";
export type { ExecutionGate } from "./engine/gate.ts";
export type { Leftover } from "./engine/leftovers.ts";
export type { ExecutionResult, NodeOutputs } from "./engine/verdict.ts";
export {
  type CacheExplanation,
  explainExecution,
  type Explanation,
  type NodeExplanation,
  type PathStep,
} from "./engine/explain.ts";
export type { ItemSummary } from "./engine/item_summary.ts";
export type { AttemptExplanation, TimeShares } from "./engine/execution_timeline.ts";
export type { RerunOptions, RerunPlan, RerunStep } from "./engine/rerun.ts";
export { environmentSecrets, joinSecretSources, type SecretSource } from "./engine/secret_source.ts";
export type { SubscribeOptions } from "./engine/subscription.ts";
export type { AttemptOutcome, AttemptRequest, Dispatcher } from "./engine/dispatcher.ts";
export type { PreparedNode } from "./engine/prepare.ts";
export type { Clock } from "./engine/clock.ts";
export { type ErrorCode, type ErrorInfo, type ErrorKind, FlowError, type FlowErrorOptions } from "./engine/errors.ts";
export {
  type EventBody,
  type EventHeader,
  type EventOf,
  type ExecutionEvent,
  type FinalStatus,
  type HandlerName,
  HANDLERS,
  type NodeEventBody,
  type NodeSubject,
  type SkipReason,
  type Verdict,
} from "./engine/events.ts";
export {
  anyPorts,
  type CallRequest,
  type ConfigOf,
  defineNode,
  type InputsOf,
  type Lazy,
  type LogLevel,
  type NodeContext,
  type NodeDefinition,
  type NodeDefinitionInput,
  type NodeWarning,
  type OpenResource,
  type OutputsOf,
  type Ports,
  type ProcessIdentity,
  type ResourceScope,
  type Shape,
} from "./engine/node.ts";
export { Expression, expression, OutputPort, type WorkflowIdentity } from "./engine/typed_expression.ts";
export type {
  ConfigArguments,
  ConfigInput,
  ConfiguredNode,
  DeclaredPorts,
  DocumentSource,
  Expressible,
  ExpressibleObject,
  ExpressibleParts,
  ExpressibleShape,
  ExpressionText,
  NodeType,
  OpenPortInputs,
  OpenValue,
  OutputPortOf,
  PortedDefinition,
  PortInputs,
  PortValues,
} from "./engine/node_type.ts";
export { NodeRegistry } from "./engine/registry.ts";
export { MemoryStore } from "./engine/memory_store.ts";
export { cacheResult, computeHash, getCachedResult, type HashParts } from "./engine/cache.ts";
export type { ExecutionState, ItemStates, NodeState, NodeStatus } from "./engine/state.ts";
export {
  type Awaitable,
  type CacheEntry,
  type CalledBy,
  type EventQuery,
  type ExecutionFilter,
  type ExecutionRecord,
  type ExecutionSummary,
  type FeedEntry,
  type Lease,
  type PruneRule,
  readAllEvents,
  type Store,
  type WorkflowVersion,
} from "./engine/store.ts";
export type { Value, Values } from "./engine/value.ts";
export type {
  Connection,
  InputFormat,
  InputSpec,
  InputType,
  MapSpec,
  NodeSpec,
  OnError,
  RepeatSpec,
  RetryPolicy,
  RunIf,
  TriggerSpec,
  Workflow,
  WorkflowSettings,
} from "./engine/workflow.ts";
export type { ConnectOptions, RequestOptions } from "./server/client/options.ts";
export { connect, type FlowClient } from "./server/client/connect.ts";
export type { RemoteExecution } from "./server/client/execution.ts";
export type { RemoteExecutionHandle } from "./server/client/execution_handle.ts";
export type {
  ExecutionsApi,
  RemoteRerunOptions,
  RemoteRerunPlan,
  RemoteStartOptions,
} from "./server/client/executions_api.ts";
export type { ChangeOptions, SavedWorkflow, WorkflowListing, WorkflowsApi } from "./server/client/workflows_api.ts";
export type { JsonSchema, NodeDescription } from "./server/node_description.ts";
export type { ExecutionDocument, ShownNode } from "./server/execution_document.ts";
export type { Json } from "./engine/value.ts";
export { builtinNodes } from "./nodes/mod.ts";
export * from "./sdk/builtin_nodes.ts";
export type { NodeHandle, NodeReference, PortName, PortNamed } from "./sdk/node_handle.ts";
export type { MapOptions, NodeName, NodeOptions, RepeatOptions, Retry } from "./sdk/node_options.ts";
export { type Task, task, type TaskInputs, type TaskOptions, type TaskOutputs } from "./sdk/task.ts";
export {
  type AddedNode,
  type IsOpen,
  type ListOf,
  type MappedValues,
  type NodeArguments,
  type RunArguments,
  workflow,
  WorkflowBuilder,
} from "./sdk/workflow_builder.ts";
export type {
  GivenInputs,
  InputDeclaration,
  InputDeclarations,
  InputReference,
  InputTypes,
  InputValue,
  IsOptionalInput,
  LocalPlace,
  RemotePlace,
  RemoteRunOptions,
  RunOptions,
  WorkflowInputs,
  WorkflowOptions,
} from "./sdk/workflow_options.ts";
export type { Durability } from "./store/connection.ts";
export { openSqliteStore, type SqliteStoreOptions } from "./store/open.ts";
export type { ReadVaultKey, SecretEntry, SecretVault, VaultKey } from "./store/secret_vault.ts";
export type { SqliteStore } from "./store/sqlite_store.ts";
export * from "./engine/zod.ts";
