/** From a recording to requests that can be sent, once a run; each of its passes reads them anew. */
import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { FloodgateError } from '../../agent/errors.ts';
import { type RecordedRequests, type UnsentReason, unsentOf, unsentReasons } from '../feed/request-account.ts';
import type { ExtractionData, ExtractionMessage } from './extraction-thread.ts';
import { isHar } from './har-requests.ts';
import { harHeapMb, threadHeapMb } from './limits.ts';
import { removeSpool } from './spool.ts';

export interface ExtractedRequests {
  /** Of the spool; the caller removes it. */
  readonly folder: string;
  readonly recorded: RecordedRequests;
  /** What the reader of the report ought to know. */
  readonly notes: readonly string[];
}

export interface ExtractionOrder {
  /** A capture, or a HAR file. */
  readonly file: string;
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** @throws FloodgateError where the recording cannot be read, or holds no request that can be sent */
export async function extractRequests(order: ExtractionOrder): Promise<ExtractedRequests> {
  const { file, folder, signal } = order;
  // Its first bytes say what it is, and are gone then.
  if (statSync(file, { throwIfNoEntry: false })?.isFIFO()) {
    throw new FloodgateError('recording-unreadable', `${file} is a pipe, and is read more than once`, {
      hint: 'put it into a file first, or give it as standard input: -',
    });
  }
  const seeds = randomBytes(8);
  const data: ExtractionData = { file, folder, hashSeed: [seeds.readUInt32LE(0), seeds.readUInt32LE(4)] };
  const module = new URL(`./extraction-thread${path.extname(import.meta.url)}`, import.meta.url);
  const maxOldGenerationSizeMb = isHar(file) ? harHeapMb : threadHeapMb;
  const worker = new Worker(module, { workerData: data, resourceLimits: { maxOldGenerationSizeMb } });
  try {
    const { notes, ...recorded } = await new Promise<RecordedRequests & { notes: readonly string[] }>(
      (resolve, reject) => {
        const stop = () => reject(interrupted());
        if (signal.aborted) stop();
        signal.addEventListener('abort', stop, { once: true });
        worker.on('message', (message: ExtractionMessage) => {
          if (message.kind === 'done') resolve(message.found);
          else reject(new FloodgateError(message.code, message.message, { hint: hintOf(file, message) }));
        });
        worker.on('error', reject);
        worker.on('exit', () => reject(new Error('the thread that reads requests ended early')));
      },
    );
    if (recorded.requests === 0) throw nothing(file, recorded);
    return { folder, recorded, notes };
  } catch (error) {
    removeSpool(folder);
    throw error;
  } finally {
    await worker.terminate();
  }
}

function interrupted(): FloodgateError {
  return new FloodgateError('interrupted', 'interrupted while the requests were read', { hint: '', exitCode: 3 });
}

function nothing(file: string, recorded: RecordedRequests): FloodgateError {
  const unknown = recorded.unknown > 0 ? `${recorded.unknown} connections that are no HTTP/1` : '';
  const found = [describeUnsent(recorded), unknown].filter(Boolean).join('; ');
  return new FloodgateError(
    'requests-missing',
    `${file} holds no request that can be sent${found ? `: ${found}` : ''}`,
    {
      hint: 'It takes HTTP/1 in the clear: capture behind the proxy that ends TLS, or export a HAR file.',
    },
  );
}

/** Why requests are not sent, with numbers; empty where all are. */
export function describeUnsent({ unsent }: Pick<RecordedRequests, 'unsent'>): string {
  if (unsentOf({ unsent }) === 0) return '';
  return Object.entries(unsent)
    .map(([reason, count]) => `${count} ${unsentReasons[reason as UnsentReason]}`)
    .join('; ');
}

/** What standard input begins with is gone when it turns out to be no capture. */
function hintOf(file: string, { code, hint }: { readonly code: string; readonly hint: string }): string {
  return file === '-' && code === 'capture-unknown-format'
    ? `Give a HAR file by its name: run FILE.har. ${hint}`
    : hint;
}
