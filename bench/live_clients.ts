/**
 * Many WebSocket clients of one execution, in a process of their own.
 *
 * `deno run bench/live_clients.ts SOCKET_URL COUNT SAMPLE`: prints "ready" when all are open, and at the end a
 * {@link ClientReport}. Of every SAMPLE-th message the age is measured.
 */

/** What the clients have seen. */
export interface ClientReport {
  messages: number;
  /** From the first message of any client to the last of all. */
  seconds: number;
  /** Clients that did not see every event once, in order, to the last. */
  broken: number;
  /** Milliseconds from the line being printed to the message being there, sorted. */
  ages: number[];
}

const encoder = new TextEncoder();

interface Tally {
  messages: number;
  firstAt: number;
  lastAt: number;
  ages: number[];
}

function now(): number {
  return performance.timeOrigin + performance.now();
}

/** Where the seq stands does not change: everything before it is of the same length. */
function seqOf(text: string): number {
  const at = text.indexOf('"seq":') + 6;
  return Number.parseInt(text.slice(at, at + 12));
}

function ageOf(text: string): number | undefined {
  const at = text.indexOf('"line":"');
  return at < 0 ? undefined : now() - Number.parseFloat(text.slice(at + 8, at + 25));
}

/** Resolves with whether the client has seen everything. */
function follow(url: string, tally: Tally, sample: number, onOpen: () => void): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = new WebSocket(url);
  let next = 1;
  let isInOrder = true;
  socket.onopen = onOpen;
  socket.onmessage = ({ data }) => {
    tally.lastAt = now();
    if (tally.messages === 0) tally.firstAt = tally.lastAt;
    if (seqOf(data) !== next++) isInOrder = false;
    if (++tally.messages % sample !== 0) return;
    const age = ageOf(data);
    if (age !== undefined) tally.ages.push(age);
  };
  socket.onclose = ({ code }) => resolve(isInOrder && code === 1000);
  return promise;
}

if (import.meta.main) {
  const [url = "", countText, sampleText] = Deno.args;
  const [count, sample] = [Number(countText), Number(sampleText)];
  const tally: Tally = { messages: 0, firstAt: 0, lastAt: 0, ages: [] };
  let open = 0;
  const clients: Promise<boolean>[] = [];
  for (let i = 0; i < count; i++) {
    clients.push(follow(url, tally, sample, () => {
      if (++open === count) Deno.stdout.writeSync(encoder.encode("ready\n"));
    }));
    if (i % 50 === 49) await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const seen = await Promise.all(clients);
  const report: ClientReport = {
    messages: tally.messages,
    seconds: (tally.lastAt - tally.firstAt) / 1000,
    broken: seen.filter((isWhole) => !isWhole).length,
    ages: tally.ages.sort((a, b) => a - b),
  };
  Deno.stdout.writeSync(encoder.encode(`${JSON.stringify(report)}\n`));
  Deno.exit(0);
}
