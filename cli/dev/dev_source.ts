import { encodeDocument } from "../../engine/encode_document.ts";
import type { NodeRegistry } from "../../engine/registry.ts";
import { sleep, systemClock } from "../../engine/clock.ts";
import { FlowError } from "../../engine/errors.ts";
import { canonicalJson, type Value, type Values } from "../../engine/value.ts";
import type { Workflow } from "../../engine/workflow.ts";
import { allCalledFiles } from "../called_files.ts";
import type { CliContext } from "../context.ts";
import { openRegistry } from "../open_engine.ts";
import { type InputFlags, readInputs } from "../read_inputs.ts";
import { readWorkflow, refuseEndlessCalls, warnOfInputs } from "../read_workflow.ts";
import { isModule, isPackage, loadNodeFiles, readWorkflowFile, resolvePath } from "../workflow_file.ts";

/** How long a file may be away before that is said: some editors remove it and write it anew. */
const ABSENT_MS = 300;

/** What is developed. */
export interface SourceFlags extends InputFlags {
  readonly nodes?: readonly string[] | undefined;
  readonly watch?: readonly string[] | undefined;
}

/** A state of what is developed. */
export interface Snapshot {
  readonly workflow: Workflow;
  readonly registry: NodeRegistry;
  readonly inputs: Values;
  /** The same for states that mean the same; code aside. */
  readonly fingerprint: string;
  /** Node types that come from modules of the user's. */
  readonly ownTypes: ReadonlySet<string>;
  /** Absolute paths of the documents that it calls, with the ids of the nodes that do. */
  readonly called: ReadonlyMap<string, readonly string[]>;
}

/** The files that a workflow is made of. */
export class DevSource {
  readonly #context: CliContext;
  readonly #file: string;
  readonly #flags: SourceFlags;
  /** Standard input can be read once. */
  #stdin: string | undefined;

  constructor(context: CliContext, file: string, flags: SourceFlags) {
    this.#context = context;
    this.#file = file;
    this.#flags = flags;
  }

  /** Absolute paths of what is read. */
  get files(): string[] {
    const { input } = this.#flags;
    const inputs = input?.startsWith("@") ? [input.slice(1)] : [];
    const nodes = (this.#flags.nodes ?? []).filter((name) => !isPackage(name));
    return [this.#file, ...nodes, ...inputs].map((path) => resolvePath(this.#context, path));
  }

  /** Absolute paths of the code among {@link files}. */
  get modules(): Set<string> {
    return new Set(this.files.filter(isModule));
  }

  /** Absolute paths of what nodes depend on besides. */
  get others(): string[] {
    return (this.#flags.watch ?? []).map((path) => resolvePath(this.#context, path));
  }

  /** @throws {FlowError} what is wrong with it */
  async read(): Promise<Snapshot> {
    try {
      return await this.#read();
    } catch (error) {
      if (!(error instanceof FlowError) || error.code !== "not_found") throw error;
      await sleep(systemClock, ABSENT_MS);
      return await this.#read();
    }
  }

  async #read(): Promise<Snapshot> {
    const context = this.#context;
    const found = await readWorkflowFile(context, this.#file, { anew: true });
    const own = [...found.nodes, ...await loadNodeFiles(context, this.#flags.nodes, { anew: true })];
    const registry = openRegistry(context.platform, own);
    const workflow = await readWorkflow(context, found, registry, {});
    await refuseEndlessCalls(context, found, workflow, registry);
    const inputs = await this.#readInputs(workflow);
    warnOfInputs(context, workflow, registry, inputs, {});
    // Without an id of its own a workflow gets another one each time.
    const document = encodeDocument({ ...workflow, id: "", triggers: [] });
    const fingerprint = canonicalJson([document as Value, inputs]);
    const called = await allCalledFiles(context, workflow, resolvePath(context, this.#file));
    return { workflow, registry, inputs, fingerprint, ownTypes: new Set(own.map(({ type }) => type)), called };
  }

  async #readInputs({ inputs }: Workflow): Promise<Values> {
    if (this.#flags.input !== "-") return await readInputs(this.#context, this.#flags, inputs);
    const { platform } = this.#context;
    this.#stdin ??= new TextDecoder().decode(await platform.readStdin(MAX_STDIN_BYTES));
    return await readInputs(this.#context, { ...this.#flags, input: this.#stdin }, inputs);
  }
}

const MAX_STDIN_BYTES = 64 * 1024 * 1024;
