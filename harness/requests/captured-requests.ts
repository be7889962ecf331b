/** The requests of a capture, read by the agent's own layers into a spool. */
import { createHttpCounters } from '../../agent/http/http-counters.ts';
import { deriveLimits } from '../../agent/limits.ts';
import { TcpLayer } from '../../agent/tcp/tcp.ts';
import type { RecordedRequests } from '../feed/request-account.ts';
import { Recording } from '../traffic/recording.ts';
import { ExchangeLog } from './exchange-log.ts';
import { readerMemoryBytes } from './limits.ts';
import { RawRequests } from './raw-requests.ts';
import type { SpoolWriter } from './spool.ts';

/** All but what only the finished spool knows. */
export type ReadRequests = Omit<RecordedRequests, 'connectionsMax'> & { readonly notes: readonly string[] };

const framesPerRead = 4096;
/** Every recording is made Ethernet. */
const interfaces = [{ name: '', linkType: 1, snapLength: 0 }];

/**
 * @param hashSeed two random numbers of 32 bits: a capture may be an attacker's
 * @throws FloodgateError where the file cannot be read
 */
export function readCapture(file: string, spool: SpoolWriter, hashSeed: readonly [number, number]): ReadRequests {
  const limits = deriveLimits({ memoryBytes: readerMemoryBytes });
  const counters = createHttpCounters();
  const log = new ExchangeLog(spool);
  const handler = new RawRequests(limits.http, counters, log);
  const tcp = new TcpLayer({ limits: limits.tcp, handler, source: { interfaces }, hashSeed });
  const recording = new Recording(file);
  try {
    while (recording.read(tcp, framesPerRead) >= 0);
  } finally {
    recording.close();
  }
  tcp.finish();
  const { tlsStreams, http2Streams, upgradedStreams, http2Upgrades, unknownStreams } = counters;
  log.miss('encrypted', tlsStreams);
  log.miss('http2', http2Streams - http2Upgrades);
  const shed = tcp.counters.streamsRefused + tcp.counters.streamsClosedEvicted + counters.requestsShed;
  const notes: string[] = [];
  if (recording.isCutShort) notes.push('the capture ends in the middle of a record: its whole frames were read');
  if (shed > 0) notes.push(`the reader’s tables were full ${shed} times: requests may be missing`);
  return {
    ...log.found,
    unsent: log.unsent,
    upgraded: upgradedStreams,
    unknown: unknownStreams,
    isAssembled: false,
    isCutShort: recording.isCutShort,
    notes,
  };
}
