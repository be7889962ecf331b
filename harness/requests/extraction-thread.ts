/** Reads a recording into a spool, in a thread of its own: Ctrl-C is heard meanwhile. Started by `extraction.ts` alone. */
import { parentPort, workerData } from 'node:worker_threads';
import { FloodgateError } from '../../agent/errors.ts';
import type { RecordedRequests } from '../feed/request-account.ts';
import { readCapture } from './captured-requests.ts';
import { isHar, readHar } from './har-requests.ts';
import { SpoolWriter } from './spool.ts';

export interface ExtractionData {
  readonly file: string;
  /** Of the spool. */
  readonly folder: string;
  readonly hashSeed: readonly [number, number];
}

export type ExtractionMessage =
  | { readonly kind: 'done'; readonly found: RecordedRequests & { readonly notes: readonly string[] } }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string; readonly hint: string };

const port = parentPort!;
const report = (message: ExtractionMessage) => port.postMessage(message);

function extract({ file, folder, hashSeed }: ExtractionData): void {
  const spool = new SpoolWriter(folder);
  const found = isHar(file) ? readHar(file, spool) : readCapture(file, spool, hashSeed);
  report({ kind: 'done', found: { ...found, connectionsMax: spool.finish() } });
}

try {
  extract(workerData as ExtractionData);
} catch (error) {
  const { code = 'requests-unreadable', message, hint = '' } = error as FloodgateError;
  report({
    kind: 'failed',
    code,
    message,
    hint:
      error instanceof FloodgateError
        ? hint
        : 'Is there room on the disk? The requests are kept in the report folder meanwhile.',
  });
}
