import { type BodyFormat, BodySink } from "./body_sink.ts";
import type { Reader } from "./reader.ts";
import { SocketSink } from "./socket_sink.ts";
import type { LiveStreams, StreamRequest } from "./streams.ts";

/** The body of an HTTP answer that brings what `request` asks for, and the place that it begins behind. */
export async function followInBody(
  streams: LiveStreams,
  format: BodyFormat,
  request: StreamRequest,
): Promise<{ body: ReadableStream<Uint8Array>; startsAfter: number }> {
  const client: { reader?: Reader; isGone: boolean } = { isGone: false };
  const sink = new BodySink(format, streams.limits.maxBufferedBytes, {
    onReady: () => client.reader?.pump(),
    onGone: () => {
      client.isGone = true;
      client.reader?.detach();
    },
  });
  client.reader = await streams.follow(sink, request);
  if (client.isGone) client.reader.detach();
  return { body: sink.body, startsAfter: client.reader.startsAfter };
}

/** Clients have nothing to say: one that talks all the same is a mistake. */
const MAX_MESSAGES = 100;

/** Sends what `request` asks for through a WebSocket that is about to open. */
export function followInSocket(
  streams: LiveStreams,
  socket: WebSocket,
  request: StreamRequest,
  options: { wantsBeats?: boolean; onError: (error: unknown) => void },
): void {
  let reader: Reader | undefined;
  let isGone = false;
  let messages = 0;
  const sink = new SocketSink(socket, streams.limits.maxBufferedBytes, options.wantsBeats ?? false);
  socket.onopen = () => {
    streams.follow(sink, request).then((it) => {
      reader = it;
      if (isGone) it.detach();
    }, (error) => {
      options.onError(error);
      socket.close(1011, "the events cannot be read: see the server's log");
    });
  };
  socket.onmessage = () => {
    if (++messages > MAX_MESSAGES) socket.close(1008, "this stream takes no messages");
  };
  socket.onclose = () => {
    isGone = true;
    reader?.detach();
  };
  // A broken connection closes, too.
  socket.onerror = () => {};
}
