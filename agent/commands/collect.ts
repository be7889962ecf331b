/** `floodgate-agent collect`: receives what agents upload and keeps it in SQLite, or lists what is there. */
import { closeSync, readFileSync } from 'node:fs';
import { FloodgateError } from '../errors.ts';
import { collectTable } from '../limits.ts';
import { CollectServer } from '../sinks/collect-server.ts';
import { readable } from '../sinks/exchange-lines.ts';
import { OutputFile } from '../sinks/output-file.ts';
import { type StoredWitness, WitnessStore } from '../sinks/witness-store.ts';
import type { ListenAddress } from './option-values.ts';
import { openRegularFile } from './regular-file.ts';

export interface CollectFlags {
  listen?: ListenAddress;
  store: string;
  storeMax: number;
  credentials?: string;
  print?: boolean;
  list?: boolean;
  counts?: boolean;
  json?: boolean;
}

/** Requests under way at the end are answered within … */
const graceMs = 5_000;
const credentialsBytesMax = 4096;

/** @throws FloodgateError when it cannot run. */
export async function runCollect(flags: CollectFlags): Promise<void> {
  if (flags.list || flags.counts) {
    await read(flags);
    return;
  }
  if (flags.json)
    throw new FloodgateError('collect-what', '--json goes with --counts', {
      hint: 'collect --store FILE --counts --json',
    });
  if (flags.listen === undefined) {
    throw new FloodgateError('collect-what', 'say where to --listen, or --list what is in the store', {
      hint: 'for example: floodgate-agent collect --listen 127.0.0.1:8700 --store witnesses.sqlite',
    });
  }
  const credentials = flags.credentials === undefined ? null : readCredentials(flags.credentials);
  const store = new WitnessStore(flags.store, flags.storeMax);
  const output = flags.print ? new OutputFile('-') : null;
  try {
    const server = await CollectServer.open(flags.listen, {
      store,
      credentials,
      nowMs: Date.now,
      onWitness: (witness) => {
        output?.write(line(witness));
        output?.flush();
      },
    });
    process.stderr.write(`${collectTable()}\ncollecting on ${server.url}\n`);
    await new Promise<void>((resolve) => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
    });
    await server.close(graceMs);
    const { counters } = server;
    const refused =
      counters.requestsMalformed +
      counters.requestsTooLarge +
      counters.requestsUnauthorized +
      counters.requestsElsewhere;
    process.stderr.write(
      `${counters.batchesStored} batches stored (${counters.witnessesStored} witnesses), ` +
        `${counters.batchesRepeated} came again, ${refused} requests refused, ` +
        `${counters.requestsAborted} broken off, ${counters.requestsPutOff} put off, ${server.evicted} made room for others\n`,
    );
  } finally {
    output?.close();
    store.close();
  }
}

async function read(flags: CollectFlags): Promise<void> {
  const store = new WitnessStore(flags.store, flags.storeMax, true);
  const output = new OutputFile('-');
  try {
    if (flags.counts) {
      const { listCounts } = await import('./collect-counts.ts');
      listCounts(store, flags.json === true, (text) => {
        output.write(text);
        return !output.closedByReader;
      });
    } else list(store, output);
  } finally {
    output.close();
    store.close();
  }
  if (output.failure !== null) throw output.failure;
}

function list(store: WitnessStore, output: OutputFile): void {
  for (const witness of store.witnesses()) {
    output.write(line(witness));
    if (output.closedByReader) break;
  }
  const { batches, witnesses, digests, weight } = store.totals();
  const stands = Math.round(weight) === witnesses ? '' : `, which stand for ${Math.round(weight)} exchanges`;
  output.write(`${witnesses} witnesses, ${digests} different ones, in ${batches} batches${stands}\n`);
}

/** Whatever an agent sent, it cannot drive the terminal. */
function line({ digest, method, host, path, bytes }: StoredWitness): string {
  return `${digest}  ${readable(method, 20).padEnd(4)} ${readable(host, 80)}${readable(path, 200)}  ${bytes.length} B\n`;
}

function readCredentials(file: string): string {
  let text: string;
  try {
    const fd = openRegularFile(file);
    try {
      text = readFileSync(fd, 'utf8').trim();
    } finally {
      closeSync(fd);
    }
  } catch (cause) {
    throw new FloodgateError(
      'credentials-unreadable',
      `cannot read ${file} (${(cause as NodeJS.ErrnoException).code ?? (cause as Error).message})`,
      {
        hint: 'name a file with one line, user:password',
        cause,
      },
    );
  }
  if (text.length <= credentialsBytesMax && /^[^:\s][^:\n]*:[^\n]+$/.test(text)) return text;
  throw new FloodgateError('credentials-invalid', `${file} is not one line of the form user:password`, {
    hint: 'agents give the same in their URL: --upload https://user:password@…',
  });
}
