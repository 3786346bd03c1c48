/** What the engine answered instead of what was asked for. */
export class DockerAnswerError extends Error {
  override readonly name = "DockerAnswerError";

  /** `message` is what the engine says about it. */
  constructor(readonly status: number, message: string) {
    super(message);
  }
}
