import type { NodeContext } from "../engine/node.ts";
import type { Value, Values } from "../engine/value.ts";
import { OutputStream } from "./_output_stream.ts";
import { parseLooseJson } from "./_value.ts";

/** What a node's config says about the output of its command. */
export interface OutputConfig {
  stream_output?: boolean | undefined;
  capture_stdout: boolean;
  capture_stderr: boolean;
  strip_trailing_newline: boolean;
  max_output_bytes: number;
}

/** Who gets the lines and warnings of a command. */
export type OutputListener = Pick<
  NodeContext<OutputConfig, unknown>,
  "config" | "verbose" | "stdout" | "stderr" | "log"
>;

/** stdout and stderr of one command: streamed as lines, kept within limits, and turned into the outputs of its node. */
export class CommandOutput {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly #config: OutputConfig;

  constructor(ctx: OutputListener) {
    this.#config = ctx.config;
    this.stdout = openStream(ctx, "stdout");
    this.stderr = openStream(ctx, "stderr");
  }

  /** Emits what is left of the last lines. */
  end(): void {
    this.stdout.end();
    this.stderr.end();
  }

  /** The ports of a command that exited with `code`. */
  toOutputs(code: number): Values {
    const strip = this.#config.strip_trailing_newline ? stripNewlines : (text: string) => text;
    const outputs: Record<string, Value> = { exit_code: code, success: code === 0 };
    const outText = this.stdout.text();
    if (outText !== undefined) {
      outputs["stdout"] = strip(outText);
      const parsed = this.stdout.isTruncated ? undefined : parseLooseJson(outText);
      // U+FFFD stands for what is no UTF-8, or for itself.
      const binary = outText.includes("\ufffd") ? this.stdout.binary() : undefined;
      outputs["output"] = parsed !== undefined ? parsed : binary ?? outputs["stdout"];
    }
    const errText = this.stderr.text();
    if (errText !== undefined) outputs["stderr"] = strip(errText);
    return outputs;
  }
}

function openStream(ctx: OutputListener, name: "stdout" | "stderr"): OutputStream {
  const { config } = ctx;
  return new OutputStream({
    name,
    maxBytes: config.max_output_bytes,
    isCaptured: config[`capture_${name}`],
    emitLine: config.stream_output ?? ctx.verbose ? (line) => ctx[name](line) : undefined,
    warn: (message) => ctx.log(message, "warning"),
  });
}

/** A regular expression would take quadratic time for text that is full of newlines. */
function stripNewlines(text: string): string {
  let end = text.length;
  while (text[end - 1] === "\n") end -= text[end - 2] === "\r" ? 2 : 1;
  return text.slice(0, end);
}
