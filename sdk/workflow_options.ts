import type { OpenValue } from "../engine/node_type.ts";
import type { StartOptions } from "../engine/engine_options.ts";
import type { Engine } from "../engine/engine.ts";
import type { Store } from "../engine/store.ts";
import type { Expression } from "../engine/typed_expression.ts";
import type { Json, Value, Values } from "../engine/value.ts";
import type { InputFormat, InputType, OnError, TriggerSpec } from "../engine/workflow.ts";
import type { RemoteStartOptions } from "../server/client/executions_api.ts";
import type { FlowClient } from "../server/client/connect.ts";

/** What an input of a workflow is; all of it is optional. */
export interface InputDeclaration {
  /** Default `any`. */
  readonly type?: InputType;
  /** For people. */
  readonly description?: string;
  /** Used when the input is not given. */
  readonly default?: Value | readonly OpenValue[];
  /** Default true, unless there is a default value. */
  readonly required?: boolean;
  /** The only values that are allowed. */
  readonly enum?: readonly (Value | readonly OpenValue[])[];
  /** What a string has to look like. */
  readonly format?: InputFormat;
}

/** The inputs of a workflow, by name. */
export type InputDeclarations = Readonly<Record<string, InputDeclaration>>;

/** The type of each kind of input. */
export interface InputTypes {
  /** Text. */
  string: string;
  /** Any number. */
  number: number;
  /** A whole number. */
  integer: number;
  /** True or false. */
  boolean: boolean;
  /** A list of any values. */
  array: Value[];
  /** Any values by name. */
  object: Values;
  /** Whatever it is. */
  any: Value;
}

/** The type of the values of an input. */
export type InputValue<D extends InputDeclaration> = D extends { readonly enum: readonly (infer E)[] } ? E
  : D extends { readonly type: infer T extends InputType } ? InputTypes[T]
  : Value;

/** A reference to an input: one that may be anything fits everywhere, because nothing is known of it. */
export type InputReference<T> = Json extends T ? Expression<never> : Expression<T>;

/** Whether an input may be left out. */
export type IsOptionalInput<D extends InputDeclaration> = D extends { readonly default: unknown } ? true
  : D extends { readonly required: false } ? true
  : false;

/** What an execution of a workflow with these inputs is given; of a workflow that declares none, anything. */
export type WorkflowInputs<In extends InputDeclarations> = string extends keyof In ? Values
  : keyof In extends never ? Values
  :
    & { [K in keyof In as IsOptionalInput<In[K]> extends true ? never : K]: InputValue<In[K]> }
    & { [K in keyof In as IsOptionalInput<In[K]> extends true ? K : never]?: InputValue<In[K]> };

/** What a workflow is, besides its nodes. */
export interface WorkflowOptions<In extends InputDeclarations = InputDeclarations> {
  /** Default: the id. */
  readonly name?: string;
  /** For people. */
  readonly description?: string;
  /** What it wants to be given; without it, any input is welcome. */
  readonly inputs?: In;
  /** How many nodes run at the same time, what to do when one fails, ... */
  readonly settings?: {
    readonly max_parallel_nodes?: number;
    readonly on_error?: OnError;
    readonly max_execution_time_ms?: number | null;
    readonly env?: readonly string[];
  };
  /** What starts executions by itself. */
  readonly triggers?: readonly (Omit<TriggerSpec, "id" | "enabled"> & Partial<TriggerSpec>)[];
}

/** The inputs of one execution: they may be left out as a whole if there is none that is needed. */
export type GivenInputs<In extends InputDeclarations> = Record<never, never> extends WorkflowInputs<In>
  ? { inputs?: WorkflowInputs<In> }
  : { inputs: WorkflowInputs<In> };

/** Where a workflow runs: by default in an engine of its own, in this process. */
export interface LocalPlace {
  /** An engine of yours; node types that it does not know are registered there. */
  engine?: Engine;
  /** Keeps the execution beyond the process; for an engine of its own. Default: memory. */
  store?: Store;
  /** Not with these. */
  client?: never;
}

/** A server to run on. */
export interface RemotePlace {
  /** As `connect` answers it. The server has to know the node types. */
  client: FlowClient;
}

/** How to run a workflow in this process. */
export type RunOptions<In extends InputDeclarations = InputDeclarations> =
  & GivenInputs<In>
  & LocalPlace
  & Omit<StartOptions, "inputs">;

/** How to run a workflow on a server. When `signal` aborts, the execution is cancelled there. */
export type RemoteRunOptions<In extends InputDeclarations = InputDeclarations> =
  & GivenInputs<In>
  & RemotePlace
  & Omit<RemoteStartOptions, "inputs">;
