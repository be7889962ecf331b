/**
 * Every bound of the agent, derived from one figure (`--memory`) and added up again, term by term. What the JavaScript
 * runtime needs before the first frame is not in it: `runtimeBytes` is measured and stated beside it.
 */
import { type BodyLimits, defaultBodyLimits } from './body/body-limits.ts';
import { FloodgateError } from './errors.ts';
import { defaultHttpLimits, type HttpLimits, httpMemoryTerms } from './http/http-limits.ts';
import { defaultTcpLimits, type TcpLimits } from './tcp/limits.ts';
import { TcpLayer } from './tcp/tcp.ts';
import { defaultWitnessLimits, type WitnessLimits } from './witness/witness-limits.ts';

/** What can be set one by one; undefined: derived from `memoryBytes`. */
export interface LimitOptions {
  readonly memoryBytes?: number | undefined;
  readonly pages?: number | undefined;
  readonly pagesPerConnection?: number | undefined;
  readonly streams?: number | undefined;
  readonly streamTimeoutSeconds?: number | undefined;
  readonly httpLengthMax?: number | undefined;
  readonly decodedLengthMax?: number | undefined;
  readonly ackSlackPackets?: number | undefined;
  /** Resident memory at which the agent ends. */
  readonly ceilingBytes?: number | undefined;
}

export interface LimitTerm {
  readonly name: string;
  readonly bytes: number;
  readonly reason: string;
}

export interface AgentLimits {
  readonly tcp: TcpLimits;
  readonly http: HttpLimits;
  readonly witness: WitnessLimits;
  /** Native memory of content decoders. */
  readonly decoderBytesMax: number;
  /** Small bodies in flight. */
  readonly bodyBufferBytesMax: number;
  /** Lines on their way out. */
  readonly outputBytesMax: number;
  /** Exchanges that a HAR file is still waiting for, and their bodies. */
  readonly harBytesMax: number;
  readonly terms: readonly LimitTerm[];
  /** The sum of the terms. */
  readonly memoryBytesMax: number;
  /** Resident memory, runtime and all, at which the agent ends. */
  readonly ceilingBytes: number;
}

/** 200 MB: what the original reached at its 99th percentile after 25 days of work on it. */
export const memoryBytesDefault = 200_000_000;
/** Below this the tables are too small for any traffic worth watching. */
const memoryBytesMin = 32_000_000;
/** Node.js 26 with the agent's modules loaded, before the first frame: measured (docs/agent.md), rounded up. */
export const runtimeBytes = 75_000_000;

/** What the runtime takes before it has loaded anything of ours: a lower ceiling would end every run at once. */
const ceilingBytesMin = 48_000_000;

/** Shares of `--memory`. The rest (a tenth) is for what is too small to name. */
const pageShare = 0.2;
const decoderShare = 0.16;
const bodyBufferShare = 0.08;
const valueShare = 0.1;
const streamShare = 0.28;
/** Lines and entries on their way to files. */
const outputShare = 0.02;
const harShare = 0.04;

/** @throws FloodgateError `memory-too-small` or `limit-invalid`. */
export function deriveLimits(options: LimitOptions): AgentLimits {
  const memoryBytes = options.memoryBytes ?? memoryBytesDefault;
  if (!(memoryBytes >= memoryBytesMin)) {
    throw new FloodgateError('memory-too-small', `--memory must be at least ${memoryBytesMin / 1e6} MB`, {
      hint: 'give the agent more, or leave it at the default of 200 MB',
    });
  }
  const tcp = deriveTcp(options, memoryBytes);
  const http: HttpLimits = {
    ...defaultHttpLimits,
    streamsMax: tcp.streamsMax,
    waitingRequestsMax: tcp.streamsMax,
    headPoolBytesMax: Math.min(defaultHttpLimits.headPoolBytesMax, Math.floor(memoryBytes * 0.04)),
    waitingUriBytesMax: Math.min(defaultHttpLimits.waitingUriBytesMax, Math.floor(memoryBytes * 0.02)),
    messageBytesMax: options.httpLengthMax ?? defaultHttpLimits.messageBytesMax,
  };
  const body: BodyLimits = {
    ...defaultBodyLimits,
    decodedBytesMax: options.decodedLengthMax ?? defaultBodyLimits.decodedBytesMax,
  };
  const totalBytesMax = Math.floor(memoryBytes * valueShare);
  const witness: WitnessLimits = {
    ...defaultWitnessLimits,
    body,
    pendingMax: Math.min(defaultWitnessLimits.pendingMax, tcp.streamsMax),
    messageBytesMax: Math.min(defaultWitnessLimits.messageBytesMax, totalBytesMax >> 2),
    totalBytesMax,
  };
  const decoderBytesMax = Math.floor(memoryBytes * decoderShare);
  const bodyBufferBytesMax = Math.floor(memoryBytes * bodyBufferShare);
  const harBytesMax = Math.floor(memoryBytes * harShare);
  const outputBytesMax = Math.floor(memoryBytes * outputShare);
  const terms = addUp(tcp, http, witness, decoderBytesMax, bodyBufferBytesMax);
  terms.push({ name: 'output', bytes: outputBytesMax, reason: 'lines and entries on their way out' });
  terms.push({ name: 'har', bytes: harBytesMax, reason: 'requests waiting for their response, and their bodies' });
  const memoryBytesMax = terms.reduce((sum, term) => sum + term.bytes, 0);
  // Single limits may have been set past what --memory gives: then their sum counts.
  const ceilingBytes = options.ceilingBytes ?? Math.max(memoryBytes, memoryBytesMax) + runtimeBytes;
  if (ceilingBytes < ceilingBytesMin) {
    throw new FloodgateError('memory-too-small', `--memory-ceiling must be at least ${ceilingBytesMin / 1e6} MB`, {
      hint: 'the JavaScript runtime alone takes that much',
    });
  }
  return {
    tcp,
    http,
    witness,
    decoderBytesMax,
    bodyBufferBytesMax,
    outputBytesMax,
    harBytesMax,
    terms,
    memoryBytesMax,
    ceilingBytes,
  };
}

function deriveTcp(options: LimitOptions, memoryBytes: number): TcpLimits {
  const streamsMax = options.streams ?? streamsFor(memoryBytes * streamShare);
  const pagesMax = options.pages ?? Math.floor((memoryBytes * pageShare) / TcpLayer.bytesFor(onePage).pages);
  const pagesPerConnectionMax = options.pagesPerConnection ?? defaultTcpLimits.pagesPerConnectionMax;
  return {
    ...defaultTcpLimits,
    streamsMax,
    pagesMax,
    pagesPerConnectionMax: Math.min(pagesPerConnectionMax, pagesMax),
    gapTimeoutUs: (options.streamTimeoutSeconds ?? defaultTcpLimits.gapTimeoutUs / 1e6) * 1e6,
    ackSlackPackets: options.ackSlackPackets ?? defaultTcpLimits.ackSlackPackets,
  };
}

const onePage: TcpLimits = { ...defaultTcpLimits, pagesMax: 1 };

/** The largest power of two whose tables fit. */
function streamsFor(bytes: number): number {
  let streamsMax = 1024;
  while (streamsMax < 1 << 20 && streamBytes(streamsMax * 2) <= bytes) streamsMax *= 2;
  return streamsMax;
}

function streamBytes(streamsMax: number): number {
  const { sides, streams } = httpMemoryTerms({ ...defaultHttpLimits, streamsMax });
  return TcpLayer.bytesFor({ ...defaultTcpLimits, streamsMax }).tables + sides! + streams!;
}

function addUp(
  tcp: TcpLimits,
  http: HttpLimits,
  witness: WitnessLimits,
  decoderBytesMax: number,
  bodyBufferBytesMax: number,
): LimitTerm[] {
  const { tables, pages, fragments } = TcpLayer.bytesFor(tcp);
  const { sides, streams, headPool, waitingRequests, waitingUris, fieldIndex, tlsServerNames } = httpMemoryTerms(http);
  return [
    { name: 'tcp tables', bytes: tables, reason: `${tcp.streamsMax} streams, both directions` },
    {
      name: 'tcp pages',
      bytes: pages,
      reason: `${tcp.pagesMax} pages of bytes waiting behind a gap, all interfaces together`,
    },
    { name: 'ip fragments', bytes: fragments, reason: `${tcp.fragmentDatagramsMax} datagrams in pieces` },
    { name: 'http streams', bytes: sides! + streams!, reason: 'a parser for each direction of each stream' },
    { name: 'http heads', bytes: headPool! + fieldIndex!, reason: 'heads split over segments' },
    { name: 'http requests', bytes: waitingRequests! + waitingUris!, reason: 'requests waiting for their response' },
    { name: 'tls names', bytes: tlsServerNames!, reason: `${http.tlsServerNamesMax} server names counted` },
    { name: 'decoders', bytes: decoderBytesMax, reason: 'inflate, brotli and zstd windows of bodies in flight' },
    { name: 'bodies', bytes: bodyBufferBytesMax, reason: 'small bodies until they are whole' },
    { name: 'values', bytes: witness.totalBytesMax, reason: 'values of messages in flight and of halves waiting' },
  ];
}

/** The bounds as people read them: one line, every term in it. */
export function limitTable(limits: AgentLimits): string {
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(bytes < 9.95e6 ? 1 : 0);
  const terms = limits.terms.map(({ name, bytes }) => `${name} ${megabytes(bytes)}`).join(' + ');
  return (
    `memory: at most ${megabytes(limits.memoryBytesMax)} MB by its limits, beside ${megabytes(runtimeBytes)} MB of runtime; ` +
    `ends at ${megabytes(limits.ceilingBytes)} MB\n  = ${terms}`
  );
}
