/** The thread that compares bodies. */
import { parentPort } from 'node:worker_threads';

interface Known {
  readonly text: string;
  readonly lines: readonly string[];
}

const known: Known[] = [];

parentPort!.on('message', (bytes: Uint8Array) => keepText(bytes));

function keepText(bytes: Uint8Array): void {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  known.push({ text, lines: text.split('\n') });
}
