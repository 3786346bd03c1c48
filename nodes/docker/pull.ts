import * as z from "zod";
import { DockerAnswerError } from "./answer_error.ts";
import type { EngineClient } from "./engine_client.ts";
import { parseImageReference } from "./image_reference.ts";

const Message = z.object({
  id: z.string().optional(),
  status: z.string().optional(),
  progressDetail: z.object({ current: z.number().optional(), total: z.number().optional() }).nullish(),
  error: z.string().optional(),
  errorDetail: z.object({ message: z.string().optional() }).nullish(),
});

/** Loading takes most of the time of a layer, unpacking the rest. */
const LOADING_SHARE = 0.8;

/** What a pull needs to know. */
export interface PullOptions {
  image: string;
  /** The value of `X-Registry-Auth`; undefined for a registry that needs none. */
  auth: string | undefined;
  signal: AbortSignal;
  onProgress(percent: number): void;
}

/** Makes an engine load an image. Throws {@link DockerAnswerError}, also for what fails after it has begun well. */
export async function pullImage(client: EngineClient, options: PullOptions): Promise<void> {
  const { name, tag } = parseImageReference(options.image);
  const progress = new PullProgress(options.onProgress);
  const request = {
    query: { fromImage: name, tag },
    headers: options.auth === undefined ? {} : { "x-registry-auth": options.auth },
    signal: options.signal,
  };
  await client.stream("POST", "/images/create", request, (raw) => {
    const message = Message.parse(raw);
    const error = message.errorDetail?.message ?? message.error;
    if (error !== undefined) throw new DockerAnswerError(200, error);
    progress.take(message);
  });
}

/** How far all layers together are; an engine tells it of each of them. */
class PullProgress {
  readonly #emit: (percent: number) => void;
  readonly #layers = new Map<string, number>();
  #percent = 0;

  constructor(emit: (percent: number) => void) {
    this.#emit = emit;
  }

  take({ id, status = "", progressDetail }: z.infer<typeof Message>): void {
    const share = id === undefined ? undefined : shareOf(status, progressDetail?.current, progressDetail?.total);
    if (id === undefined || share === undefined) return;
    this.#layers.set(id, Math.max(share, this.#layers.get(id) ?? 0));
    const sum = [...this.#layers.values()].reduce((a, b) => a + b, 0);
    const percent = Math.floor(sum / this.#layers.size * 100);
    // New layers turn up late, and nobody wants to see a bar go back.
    if (percent <= this.#percent) return;
    this.#percent = percent;
    this.#emit(percent);
  }
}

/** How much of a layer is done, from 0 to 1; undefined for what is not about a layer. */
function shareOf(status: string, current = 0, total = 0): number | undefined {
  const part = total > 0 ? Math.min(1, current / total) : 0;
  switch (status) {
    case "Pulling fs layer":
    case "Waiting":
      return 0;
    case "Downloading":
      return LOADING_SHARE * part;
    case "Verifying Checksum":
    case "Download complete":
      return LOADING_SHARE;
    case "Extracting":
      return LOADING_SHARE + (1 - LOADING_SHARE) * part;
    case "Pull complete":
    case "Already exists":
      return 1;
    default:
      return undefined;
  }
}
