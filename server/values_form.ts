import { encodeTaggedValues, type Json, toWire, type Values } from "../engine/value.ts";

/** The form that values have in an answer. */
export type ValuesForm = "plain" | "tagged";

/** Named values as a client wants them. */
export function encodeValues(values: Values, form: ValuesForm): Json {
  return form === "tagged" ? encodeTaggedValues(values) as unknown as Json : toWire(values);
}
