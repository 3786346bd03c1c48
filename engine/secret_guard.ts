import { canonicalJson, type Value, type Values } from "./value.ts";
import type { AttemptOutcome, AttemptRequest, Dispatcher } from "./dispatcher.ts";
import type { EventBody, NodeEventBody } from "./events.ts";
import type { HashParts } from "./cache.ts";
import { FlowError } from "./errors.ts";
import { Masker } from "./masker.ts";
import { quote } from "./plain.ts";
import { concealSecrets, revealSecrets } from "./secret_marks.ts";
import { secretsIn } from "./secrets.ts";
import type { PreparedNode } from "./prepare.ts";

/** As OWASP recommends for PBKDF2 with SHA-256. */
const ITERATIONS = 600_000;

/**
 * The secrets of one execution, and what keeps them inside of it.
 *
 *   G1. What an attempt tells and answers is masked before the engine sees it: what is journaled, published, cached and
 *       handed on to other nodes is the same.
 *   G2. Whatever else becomes an event, such as the error of an expression, is masked before it is recorded.
 *   G3. Nothing of a secret is stored, not even as a hash that can be tried out quickly.
 */
export class SecretGuard {
  readonly masker: Masker;
  /** For expressions. */
  readonly values: Values;
  /** Outputs that need not be looked at again. */
  readonly #clean = new WeakSet<Values>();
  readonly #keys = new Map<string, Promise<CryptoKey>>();

  constructor(secrets: ReadonlyMap<string, string>) {
    this.masker = new Masker(secrets.values());
    this.values = Object.fromEntries(secrets);
  }

  /** Masks all that attempts tell and answer. */
  guard(dispatcher: Dispatcher): Dispatcher {
    return {
      dispatch: async (request) => this.#maskOutcome(await dispatcher.dispatch(this.#maskTalk(request))),
    };
  }

  maskEvent(body: EventBody): EventBody {
    const masked: Record<string, unknown> = {};
    if ("error" in body && body.error !== undefined) masked.error = this.masker.maskErrorInfo(body.error);
    if ("reason" in body) masked.reason = this.masker.maskText(body.reason);
    if ("items" in body) masked.items = this.masker.maskValue(body.items);
    // Whoever closes it needs the real one, maybe after a crash.
    if ("resource" in body) masked.resource = this.masker.maskValues(concealSecrets(body.resource, this.values));
    if ("outputs" in body && body.outputs !== undefined) masked.outputs = this.#maskOutputs(body.outputs);
    return { ...body, ...masked } as EventBody;
  }

  /** What a node has opened, as it was before {@link maskEvent}. */
  reveal(resource: Values): Values {
    return revealSecrets(resource, this.values);
  }

  /** Whether what a node gets depends on secrets. */
  isUsedBy({ expressions }: PreparedNode): boolean {
    return secretsOf(expressions).length > 0;
  }

  /** Like `computeHash`, but so slow to try out that a secret in the config cannot be guessed. */
  async computeHash(node: PreparedNode, parts: HashParts): Promise<string> {
    const key = await this.#keyOf(secretsOf(node.expressions));
    const text = new TextEncoder().encode(canonicalJson({ ...parts }));
    const hash = await crypto.subtle.sign("HMAC", key, text);
    return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  /** @throws {FlowError} `invalid_input` if one of them, which are about to be recorded, holds a secret */
  checkInputs(inputs: Values): void {
    for (const name of Object.keys(inputs)) {
      const input = { [name]: inputs[name] ?? null };
      if (this.masker.maskValues(input) === input) continue;
      throw new FlowError("invalid_input", `Input ${quote(name)} holds the value of a secret: it would be recorded`, {
        hint: "Use ${{ secrets.NAME }} in the workflow that needs it, and leave the input out.",
      });
    }
  }

  #checkDocument(document: Value): void {
    if (this.masker.maskValue(document) === document) return;
    throw new FlowError("invalid_input", "The called workflow holds the value of a secret: it would be recorded", {
      hint: "Use ${{ secrets.NAME }} in it.",
    });
  }

  #maskTalk(request: AttemptRequest): AttemptRequest {
    const stdout = this.masker.openLines();
    const stderr = this.masker.openLines();
    const mask = (event: NodeEventBody): NodeEventBody => {
      if (event.event_type === "StdoutLine") return { ...event, line: stdout(event.line) };
      if (event.event_type === "StderrLine") return { ...event, line: stderr(event.line) };
      return this.#maskNodeEvent(event);
    };
    const call: AttemptRequest["call"] = async (called, place, signal) => {
      this.checkInputs(called.inputs);
      if ("document" in called) this.#checkDocument(called.document as Value);
      return await request.call(called, place, signal);
    };
    return { ...request, call, emit: (event) => request.emit(mask(event)) };
  }

  #maskNodeEvent(event: NodeEventBody): NodeEventBody {
    if ("message" in event && event.message !== undefined) {
      return { ...event, message: this.masker.maskText(event.message) };
    }
    if (event.event_type !== "Data") return event;
    return { ...event, port: this.masker.maskText(event.port), value: this.masker.maskValue(event.value) };
  }

  #maskOutcome(outcome: AttemptOutcome): AttemptOutcome {
    if ("error" in outcome) return { error: this.masker.maskError(outcome.error) };
    return { outputs: this.#maskOutputs(outcome.outputs) };
  }

  #maskOutputs(outputs: Values): Values {
    if (this.#clean.has(outputs)) return outputs;
    const masked = this.masker.maskValues(outputs);
    this.#clean.add(masked);
    return masked;
  }

  #keyOf(names: readonly string[]): Promise<CryptoKey> {
    const material = canonicalJson(names.map((name): Value => [name, this.values[name] ?? null]));
    let key = this.#keys.get(material);
    if (key === undefined) this.#keys.set(material, key = deriveKey(material));
    return key;
  }
}

function secretsOf(expressions: PreparedNode["expressions"]): string[] {
  return [...new Set(secretsIn(expressions).map(({ name }) => name))].sort();
}

async function deriveKey(material: string): Promise<CryptoKey> {
  const encoder = new TextEncoder();
  const secret = await crypto.subtle.importKey("raw", encoder.encode(material), "PBKDF2", false, ["deriveKey"]);
  const how = { name: "PBKDF2", hash: "SHA-256", salt: encoder.encode("flow node cache"), iterations: ITERATIONS };
  return await crypto.subtle.deriveKey(how, secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
}
