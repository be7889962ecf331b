/** Commands of the harness, one a line: a process reads them from its channel, and passes them on to its threads. */
import { Socket } from 'node:net';

/** Between the threads of one process. */
const threadsName = 'floodgate-commands';

export interface CommandSource {
  /** Descriptor of the process's channel. */
  readonly channel: number;
  readonly isThread: boolean;
  /** The channel of a child, which is open already. */
  readonly socket: Socket | undefined;
}

/** Nothing that it opens keeps a target alive that has nothing else to do. */
export function listenForCommands(take: (line: string) => void, source: CommandSource): void {
  const threads = new BroadcastChannel(threadsName) as BroadcastChannel & { unref(): void };
  threads.unref();
  if (source.isThread) {
    threads.onmessage = (event) => take(String((event as unknown as { data: unknown }).data));
    return;
  }
  const socket = source.socket ?? new Socket({ fd: source.channel, readable: true, writable: true });
  socket.unref();
  socket.on('error', () => {});
  let rest = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      // Threads first: their intervals end while this one's does. A snapshot is of one heap.
      if (!/^snapshot \S+$/.test(line)) threads.postMessage(line);
      take(line);
    }
  });
}
