/** A service that keeps every byte it is sent, connection by connection, and answers each request. */
import { createServer, type Server, type Socket } from 'node:net';
import { createHttpCounters } from '../../agent/http/http-counters.ts';
import { HttpLayer } from '../../agent/http/http-layer.ts';
import { defaultHttpLimits } from '../../agent/http/http-limits.ts';

export interface RecordingServer {
  readonly port: number;
  /** In the order in which connections were opened. */
  readonly connections: readonly { readonly bytes: () => Buffer; readonly openedMs: number }[];
  close(): Promise<void>;
}

const streamsMax = 4096;

/** @param answer what is said to the nth request of a connection, counted from 0; null: nothing, and the connection is closed; so it is behind `Connection: close` and `X-Cut`; with `X-Reset` it is reset */
export async function recordingServer(
  answer: (request: number, uri: string) => string | null = () => 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
): Promise<RecordingServer> {
  const connections: { bytes: () => Buffer; openedMs: number }[] = [];
  const sockets: (Socket | undefined)[] = [];
  const counts: number[] = [];
  const http = new HttpLayer({
    limits: { ...defaultHttpLimits, streamsMax },
    counters: createHttpCounters(),
    handler: {
      begin: () => {},
      body: () => {},
      bodyGap: () => {},
      end: ({ stream, uri }) => {
        const socket = sockets[stream]!;
        // What comes behind a last answer is not read (RFC 9112, 9.6).
        if (socket.writableEnded) return;
        const text = answer(counts[stream]!++, uri);
        if (text === null) socket.destroy();
        else if (/^X-Reset/m.test(text)) socket.write(text, () => socket.resetAndDestroy());
        else if (/^Connection: close\r$|^HTTP\/1\.0 |^X-Cut/m.test(text)) socket.end(text);
        else socket.write(text);
      },
    },
  });
  const server: Server = createServer((socket) => {
    const stream = connections.length;
    const chunks: Buffer[] = [];
    connections.push({ bytes: () => Buffer.concat(chunks), openedMs: performance.now() });
    sockets[stream] = socket;
    counts[stream] = 0;
    http.open(stream, 0, false);
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      http.data(stream, 0, chunk, 0, chunk.length, 0);
    });
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    connections,
    close: () => {
      for (const socket of sockets) socket?.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
