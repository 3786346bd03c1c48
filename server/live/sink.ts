import type { Frame } from "./frame.ts";

/** Why the server ends a client's stream. */
export type Ending =
  /** The execution has ended, and everything has been sent. */
  | "completed"
  /** Everything has been sent, and nobody drives the execution any more. */
  | "interrupted"
  /** The client has read too slowly for too long. */
  | "too_slow"
  /** The client's token is no longer valid. */
  | "unauthenticated"
  /** The server ends. */
  | "closing"
  /** The journal cannot be read. */
  | "failed";

/** What clients are told about each ending. `close_code` is the WebSocket's: 4000 and up are ours to define. */
export const endings: Readonly<Record<Ending, { close_code: number; reason: string }>> = {
  completed: { close_code: 1000, reason: "the execution has ended" },
  interrupted: { close_code: 4410, reason: "nobody drives the execution: it was interrupted" },
  too_slow: { close_code: 4408, reason: "read too slowly: connect again to go on" },
  unauthenticated: { close_code: 4401, reason: "the token is no longer valid" },
  closing: { close_code: 1001, reason: "the server ends: connect again to go on" },
  failed: { close_code: 1011, reason: "the events cannot be read: see the server's log" },
};

/** The last thing a client is told, after which it may go on with `after`. */
export interface Notice {
  type: "StreamEnded";
  reason: Ending;
  message: string;
  /** The seq or position of the newest event that was sent. */
  after: number;
}

export function createNotice(reason: Ending, after: number): Notice {
  return { type: "StreamEnded", reason, message: endings[reason].reason, after };
}

/** One client's end of a stream: a WebSocket, or the body of an HTTP answer. */
export interface Sink {
  /** Whether what was sent has left so far that more may be sent. */
  isReady(): boolean;
  send(frame: Frame): void;
  /** Shows that the server is there although nothing happens. */
  beat(): void;
  /** Says why, then ends. Called once. */
  end(notice: Notice): void;
  /** Lets go of a client that does not even take the end. */
  abort(): void;
}
