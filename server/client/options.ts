/** How to talk to a server. */
export interface ConnectOptions {
  /** Sent as `Authorization: Bearer <token>`. */
  token?: string | undefined;
  /** How long a request may take. Default 30000. Following events, and waiting for an end, take as long as they take. */
  timeoutMs?: number | undefined;
  /** How long to go on trying when the server cannot be reached while an execution is followed. Default 60000. */
  patienceMs?: number | undefined;
  /** Ends everything that the client is doing. */
  signal?: AbortSignal | undefined;
}

/** What every call takes. */
export interface RequestOptions {
  /** Gives up on the request. */
  signal?: AbortSignal | undefined;
}
