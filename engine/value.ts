/**
 * A value that travels between nodes: JSON plus bytes. On the wire and in the journal bytes are
 * `{"$bytes": "<base64>"}`; documents written for flowengine may tag each value with its type.
 */
export type Value = null | boolean | number | string | Uint8Array | Value[] | { [key: string]: Value };

/** Values by name: a node's inputs, outputs or configuration. */
export type Values = { [name: string]: Value };

export { checkValues } from "./check_values.ts";
export {
  decodeValue,
  decodeValues,
  encodeTagged,
  encodeTaggedValues,
  type TaggedValue,
  type TypeName,
} from "./tagged.ts";
export { canonicalJson, fromWire, type Json, parseValue, stringifyValue, toWire } from "./wire.ts";
