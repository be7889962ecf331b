/** A recording extracted and replayed in this process, for tests. */
import { createConnection } from 'node:net';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { readCapture } from './captured-requests.ts';
import { type ExtractedRequests, extractRequests } from './extraction.ts';
import { parseRules, type RuleWords } from './header-rules.ts';
import { HistogramLateness } from './histogram-lateness.ts';
import { Replay, type RequestPace } from './replay.ts';
import { EventKind } from './request-event.ts';
import { SpoolReader, SpoolWriter } from './spool.ts';

export function extract(file: string, folder: string): Promise<ExtractedRequests> {
  return extractRequests({ file, folder, signal: new AbortController().signal });
}

/** The same in this thread, which is quicker; of any capture, one without requests too. */
export function extractHere(file: string, folder: string): ExtractedRequests {
  const spool = new SpoolWriter(folder);
  const { notes, ...found } = readCapture(file, spool, [1, 2]);
  return { folder, notes, recorded: { ...found, connectionsMax: spool.finish() } };
}

/** The requests of each connection, as they are in the spool, in the order in which they are to be sent. */
export function spooledConnections(folder: string): Map<number, Buffer[]> {
  const reader = new SpoolReader(folder);
  const found = new Map<number, Buffer[]>();
  for (let event = reader.next(); event; event = reader.next()) {
    const { kind, connection } = event;
    if (kind === EventKind.open) found.set(connection, []);
    else if (kind === EventKind.request) found.get(connection)!.push(Buffer.concat([...reader.pieces(event)]));
  }
  reader.close();
  return found;
}

const noRules: RuleWords = { rewriteHeaders: [], dropHeaders: [], rewriteCookies: [], dropCookies: [] };

export async function replay(
  { folder, recorded }: ExtractedRequests,
  port: number,
  options: { pace?: RequestPace; rules?: Partial<RuleWords>; loops?: number } = {},
) {
  const { pace = { kind: 'topspeed' }, rules = {}, loops = 1 } = options;
  const run = new Replay({
    openSpool: () => new SpoolReader(folder),
    pace,
    rules: parseRules({ ...noRules, ...rules }, process.env),
    loops,
    durationUs: recorded.durationUs,
    recordedConnections: recorded.connectionsMax,
    nowMs: () => performance.now(),
    sleep: (ms) => sleep(ms),
    turn: () => setImmediate(),
    connect: (host) => createConnection({ host, port }),
    lateness: () => new HistogramLateness(),
    onProgress: () => {},
  });
  const ticker = setInterval(() => run.tick(), 100);
  const account = await run.run();
  clearInterval(ticker);
  return { ...account, recorded, loops };
}
