import type { Frame } from "./frame.ts";
import { endings, type Notice, type Sink } from "./sink.ts";

/** Looking at a socket's buffer costs as much as sending: it is done once per so much. */
const CHECK_CHARS = 32 * 1024;

/** Sends frames through a WebSocket, an event a message. The socket's own pings show that the server is there. */
export class SocketSink implements Sink {
  readonly #socket: WebSocket;
  readonly #maxBufferedBytes: number;
  readonly #wantsBeats: boolean;
  #sinceCheck = 0;
  #isFull = false;

  constructor(socket: WebSocket, maxBufferedBytes: number, wantsBeats: boolean) {
    this.#socket = socket;
    this.#maxBufferedBytes = maxBufferedBytes;
    this.#wantsBeats = wantsBeats;
  }

  isReady(): boolean {
    if (!this.#isFull && this.#sinceCheck < CHECK_CHARS) return true;
    this.#sinceCheck = 0;
    // Once full, it has to be half empty.
    const { bufferedAmount } = this.#socket;
    this.#isFull = bufferedAmount > (this.#isFull ? this.#maxBufferedBytes / 2 : this.#maxBufferedBytes);
    return !this.#isFull;
  }

  send({ json }: Frame): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    this.#sinceCheck += json.length;
    this.#socket.send(json);
  }

  beat(): void {
    if (!this.#wantsBeats || this.#socket.readyState !== WebSocket.OPEN) return;
    this.#socket.send(JSON.stringify({ type: "Heartbeat", timestamp: new Date().toISOString() }));
  }

  end(notice: Notice): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    const { close_code, reason } = endings[notice.reason];
    if (notice.reason !== "completed") this.#socket.send(JSON.stringify(notice));
    this.#socket.close(close_code, reason);
  }

  /** Of a client that does not even answer pings the runtime lets go by itself. */
  abort(): void {}
}
