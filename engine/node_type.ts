import type { Lazy, NodeDefinition, Ports, Shape } from "./node.ts";
import type { Expression, OutputPort } from "./typed_expression.ts";
import type { Json, Value } from "./value.ts";
import type { z } from "./zod.ts";

/** Text with an expression in it: what it is will be known when the workflow runs. */
export type ExpressionText = `${string}\${{${string}}}${string}`;

/** Any value, with expressions wherever you like. */
export type OpenValue = Value | Expression | readonly OpenValue[] | { readonly [name: string]: OpenValue | undefined };

/** What turns itself into a document, such as a workflow under construction. */
export interface DocumentSource {
  /** The document. */
  toJSON(): { [name: string]: Json };
}

/** A value of type `T`, or an expression that yields one, as a whole or in any of its parts. */
export type Expressible<T> = Json extends T ? OpenValue : Expression<T> | ExpressionText | ExpressibleParts<T>;

/** `T` itself, with expressions in its parts. */
export type ExpressibleParts<T> = T extends null | boolean | number | string | Uint8Array | undefined ? T
  : T extends readonly (infer E)[] ? readonly Expressible<E>[]
  : T extends object ? { [K in keyof T]: Expressible<T[K]> } | (string extends keyof T ? DocumentSource : never)
  : T;

/** Values by name; for zod an object without keys would be one of any keys. */
export type ExpressibleShape<S extends Shape> = keyof S extends never ? Record<string, never>
  : ExpressibleObject<z.input<z.ZodObject<S>>>;

/** The properties of `T`, each perhaps an expression; what is optional stays so. */
export type ExpressibleObject<T> = { [K in keyof T]: Expressible<T[K]> };

/** What a node type takes as config in a workflow: what has a default may be left out, and expressions are welcome. */
export type ConfigInput<C extends Shape> = ExpressibleShape<C>;

/** What the input ports of a node are given in a workflow: values, expressions, and outputs of other nodes. */
export type PortInputs<P extends Ports> = P extends Ports<infer S, infer Open>
  ? Open extends true ? OpenPortInputs<S> : ExpressibleShape<S>
  : never;

/** The same for ports of any name. */
export type OpenPortInputs<S extends Shape> = keyof S extends never ? { readonly [name: string]: OpenValue }
  : ExpressibleObject<z.input<z.ZodObject<S>>> & { readonly [name: string]: OpenValue | undefined };

/** The values that output ports carry, by port. */
export type PortValues<P extends Ports> = P extends Ports<infer S>
  ? { [K in keyof S]: Exclude<z.output<S[K]>, undefined> }
  : never;

/** A reference to an output: one that may carry anything fits every input, because nothing is known of it. */
export type OutputPortOf<T> = Json extends T ? OutputPort<never> : OutputPort<T>;

/** The ports that an author has declared, in one form. */
export type DeclaredPorts<P> = P extends Ports ? P : P extends Shape ? Ports<P, false> : Ports;

/** The arguments of a node type that is called for a node: none are needed if its config has no required key. */
export type ConfigArguments<C extends Shape> = Record<never, never> extends ConfigInput<C> ? [config?: ConfigInput<C>]
  : [config: ConfigInput<C>];

/** A node type that knows the types of its ports. */
export interface PortedDefinition<I extends Ports = Ports, O extends Ports = Ports> extends NodeDefinition {
  /** The input ports. */
  readonly inputs: I;
  /** The output ports. */
  readonly outputs: O;
}

/** A node type with a config: what a workflow can be given as a node. */
export interface ConfiguredNode<I extends Ports = Ports, O extends Ports = Ports> {
  /** What runs. */
  readonly definition: PortedDefinition<I, O>;
  /** As it was written, with expressions in it. */
  readonly config: Readonly<Record<string, unknown>>;
}

/**
 * A node type that knows the types of its config and its ports. It is a function, too: called with a config it makes a
 * node for `workflow().add`.
 *
 * ```ts
 * import { defineNode, workflow, z } from "flowengine";
 *
 * const shout = defineNode({
 *   type: "text.shout",
 *   version: 1,
 *   summary: "Turn text into upper case",
 *   category: "text",
 *   config: { suffix: z.string().default("!") },
 *   inputs: { text: z.string() },
 *   outputs: { text: z.string() },
 *   run: ({ config, inputs }) => ({ text: inputs.text.toUpperCase() + config.suffix }),
 * });
 * workflow("greeting").add("loud", shout({ suffix: "?" }), { text: "hello" });
 * ```
 */
export interface NodeType<C extends Shape = Shape, I extends Ports = Ports, O extends Ports = Ports>
  extends PortedDefinition<I, O> {
  /** The config's schema; strict: an unknown key is an error. */
  readonly config: z.ZodObject<C, z.core.$strict>;
  /** A node of this type with this config. */
  (...config: ConfigArguments<C>): ConfiguredNode<I, O>;
}

/** The type of what `defineNode` makes of these parts, each perhaps a function that makes it. */
export type DefinedNode<C extends Lazy<Shape>, I extends Lazy<Ports | Shape>, O extends Lazy<Ports | Shape>> = NodeType<
  Made<C>,
  DeclaredPorts<Made<I>>,
  DeclaredPorts<Made<O>>
>;

type Made<T> = T extends () => infer M ? M : T;
