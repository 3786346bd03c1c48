import * as zod from "zod";
import { checkDefinition, checkShape } from "./check_arguments.ts";
import type { Path } from "./issue.ts";
import { lazy } from "./lazy.ts";
import type { NodeContext } from "./node_context.ts";
import type { DeclaredPorts, NodeType } from "./node_type.ts";
import type { Values } from "./value.ts";
import type { z } from "./zod.ts";

export type {
  CallRequest,
  LogLevel,
  NodeContext,
  OpenResource,
  ProcessIdentity,
  ResourceScope,
} from "./node_context.ts";

/** Named zod types, one per config key or port. */
export type Shape = Readonly<Record<string, z.ZodType>>;

/** A set of ports: those with a declared type, and whether any other name is welcome too. */
export interface Ports<S extends Shape = Shape, Open extends boolean = boolean> {
  /** The types of those that are declared. */
  readonly shape: S;
  /** Whether any other name is welcome. */
  readonly open: Open;
}

/**
 * Ports of any name; `shape` types those that the node knows.
 *
 * ```ts
 * import { anyPorts, defineNode, z } from "flowengine";
 *
 * export const merge = defineNode({
 *   type: "list.merge",
 *   version: 1,
 *   summary: "Put all inputs into one list",
 *   category: "list",
 *   config: {},
 *   inputs: anyPorts({ first: z.json() }),
 *   outputs: { list: z.array(z.unknown()) },
 *   run: ({ inputs: { first, ...others } }) => ({ list: [first, ...Object.values(others)] }),
 * });
 * ```
 */
export function anyPorts<S extends Shape = Record<never, never>>(shape?: S): Ports<S, true> {
  return { shape: shape ?? {} as S, open: true };
}

/** What `run` gets as config: parsed, with defaults filled in. */
export type ConfigOf<S extends Shape> = z.output<z.ZodObject<S>>;
// For zod an object without keys is a Record<string, never>, which no other port could be added to.
/** What `run` gets as inputs. */
export type InputsOf<P> = P extends Ports<infer S> ? keyof S extends never ? Values : ConfigOf<S> & Values
  : P extends Shape ? ConfigOf<P>
  : never;
/** What `run` has to answer; every declared port may also be left out, and then carries nothing. */
export type OutputsOf<P> = P extends Ports<infer S>
  ? keyof S extends never ? Values : Partial<z.input<z.ZodObject<S>>> & Values
  : P extends Shape ? Partial<z.input<z.ZodObject<P>>>
  : never;

/** Something, or a function that makes it when it is first needed: many zod types take milliseconds to make. */
export type Lazy<T> = T | (() => T);

/** What a node type is, as its author writes it. */
export interface NodeDefinitionInput<C extends Shape, I, O> {
  /** `family.verb`, such as `http.request`. */
  type: string;
  /** Grows when the same config and inputs may give other outputs: cached results of other versions are not used. */
  version: number;
  /** One line, imperative. */
  summary: string;
  /** Groups node types in lists. */
  category: string;
  /** Zod types by key; `{}` for none. */
  config: Lazy<C>;
  /** Zod types by port; `{}` for none, `anyPorts()` for any. */
  inputs: Lazy<I>;
  /** Zod types by port; `{}` for none, `anyPorts()` for any. */
  outputs: Lazy<O>;
  /**
   * Whether the node picks ways: what is connected to a port that it did not put out is skipped. Default false: a port
   * without a value is just that.
   */
  routes?: boolean;
  /** Looks for what is allowed but dangerous. `interpolated`: where expressions become part of longer texts. */
  warn?(config: Values, interpolated: readonly Path[]): NodeWarning[];
  /** Finds what is wrong with a config although each of its parts is right, before anything runs. */
  check?(config: ConfigOf<C>): NodeWarning[];
  /** One attempt. What it throws fails the attempt. */
  run(ctx: NodeContext<ConfigOf<C>, InputsOf<I>>): Promise<OutputsOf<O>> | OutputsOf<O>;
  /**
   * Closes what an attempt has announced by `ctx.resourceOpened`; of one that is closed already it has to say nothing.
   * It runs outside of any attempt, perhaps in another process, and is given up after 15 seconds.
   */
  closeResource?(resource: Values, signal: AbortSignal): Promise<unknown>;
}

/** What the author of a node type has to say about a config before it runs. */
export interface NodeWarning {
  /** Where in the config. */
  path: Path;
  /** What is wrong, or dangerous. */
  message: string;
  /** One imperative sentence: what to do about it. */
  hint: string;
}

/** A node type as the engine sees it: the types of its author are erased, its schemas are kept. */
export interface NodeDefinition {
  /** `family.verb`, such as `http.request`. */
  readonly type: string;
  /** Grows when the same config and inputs may give other outputs. */
  readonly version: number;
  /** One line, imperative. */
  readonly summary: string;
  /** Groups node types in lists. */
  readonly category: string;
  /** Strict: an unknown key is an error. */
  readonly config: z.ZodObject;
  /** The ports that take values. */
  readonly inputs: Ports;
  /** The ports that carry what it answers. */
  readonly outputs: Ports;
  /** Whether what is connected to a port that it did not put out is skipped. */
  readonly routes: boolean;
  /** What is allowed but dangerous. */
  warn(config: Values, interpolated: readonly Path[]): NodeWarning[];
  /** What is wrong with a config although each of its parts is right. */
  check(config: unknown): NodeWarning[];
  /** One attempt; config and inputs have been parsed by these very schemas. */
  run(ctx: NodeContext): Promise<Values> | Values;
  /** Closes what an attempt has announced by `ctx.resourceOpened`. */
  readonly closeResource?: (resource: Values, signal: AbortSignal) => Promise<unknown>;
}

/**
 * Defines a node type. Config and ports are typed from the shapes. The answer is also a function, which makes nodes for
 * `workflow().add`: `shout({ suffix: "?" })`.
 *
 * ```ts
 * import { defineNode, z } from "flowengine";
 *
 * export const shout = defineNode({
 *   type: "text.shout",
 *   version: 1,
 *   summary: "Turn text into upper case",
 *   category: "text",
 *   config: { suffix: z.string().default("!") },
 *   inputs: { text: z.string() },
 *   outputs: { text: z.string() },
 *   run: ({ config, inputs }) => ({ text: inputs.text.toUpperCase() + config.suffix }),
 * });
 * ```
 *
 * @throws {FlowError} `invalid_argument` if a part is missing or of the wrong kind, for callers without types, and for
 * those who use another zod than version 4
 */
export function defineNode<const C extends Shape, const I extends Ports | Shape, const O extends Ports | Shape>(
  input: NodeDefinitionInput<C, I, O>,
): NodeType<C, DeclaredPorts<I>, DeclaredPorts<O>> {
  checkDefinition(input);
  const config = lazy(() => zod.strictObject(resolveShape(input.config, input.type)));
  const inputs = lazy(() => resolvePorts(input.inputs, input.type, "input"));
  const outputs = lazy(() => resolvePorts(input.outputs, input.type, "output"));
  // What can be seen already is checked where it is written.
  if (typeof input.config === "object") checkShape(input.config, input.type, "config");
  if (typeof input.inputs === "object") inputs();
  if (typeof input.outputs === "object") outputs();
  const definition: NodeDefinition = {
    type: input.type,
    version: input.version,
    summary: input.summary,
    category: input.category,
    get config() {
      return config();
    },
    get inputs() {
      return inputs();
    },
    get outputs() {
      return outputs();
    },
    routes: input.routes ?? false,
    warn: (config: Values, interpolated: readonly Path[]) => input.warn?.(config, interpolated) ?? [],
    check: (parsed: unknown) => input.check?.(parsed as ConfigOf<C>) ?? [],
    // The executor hands over only config and inputs that these very schemas have parsed.
    run: input.run as unknown as NodeDefinition["run"],
    ...(input.closeResource === undefined ? {} : { closeResource: input.closeResource }),
  };
  return makeCallable(definition) as NodeType<C, DeclaredPorts<I>, DeclaredPorts<O>>;
}

/** The definition as a function that puts it together with a config. */
function makeCallable(definition: NodeDefinition): NodeDefinition {
  const configure = (config = {}) => ({ definition: callable, config });
  // Copying the values would resolve what is lazy.
  const callable = Object.defineProperties(configure, Object.getOwnPropertyDescriptors(definition)) as unknown as
    & NodeDefinition
    & typeof configure;
  return Object.freeze(callable);
}

/** Whether a connection may lead to (or from) this port. */
export function hasPort(ports: Ports, name: string): boolean {
  return ports.open || Object.hasOwn(ports.shape, name);
}

/** Whether the node cannot run without a value on this port. */
export function isRequiredPort(ports: Ports, name: string): boolean {
  const type = Object.hasOwn(ports.shape, name) ? ports.shape[name] : undefined;
  return type !== undefined && !type.safeParse(undefined).success;
}

/** Those of `inputs` that a node with these ports takes. */
export function selectInputs(ports: Ports, inputs: Values): Values {
  if (ports.open) return inputs;
  return Object.fromEntries(Object.entries(inputs).filter(([name]) => hasPort(ports, name)));
}

function resolve<T extends object>(value: Lazy<T>): T {
  return typeof value === "function" ? (value as () => T)() : value;
}

function resolveShape<S extends Shape>(value: Lazy<S>, nodeType: string): S {
  const shape = resolve(value);
  checkShape(shape, nodeType, "config");
  return shape;
}

function resolvePorts(value: Lazy<Ports | Shape>, nodeType: string, part: string): Ports {
  const ports = toPorts(resolve(value));
  checkShape(ports.shape, nodeType, part);
  return ports;
}

function isPorts(ports: Ports | Shape): ports is Ports {
  return typeof ports.open === "boolean";
}

function toPorts(ports: Ports | Shape): Ports {
  return isPorts(ports) ? ports : { shape: ports, open: false };
}
