/**
 * Every bound of the agent, derived from one figure (`--memory`) and added up again, term by term. What the JavaScript
 * runtime needs before the first frame is not in it: `runtimeBytes` is measured and stated beside it.
 */
import { BODY_PAGE_BYTES, type BodyLimits, defaultBodyLimits } from './body/body-limits.ts';
import { chunkBytes } from './capture/frame-source.ts';
import { blockBytesDefault, ringBytesDefault, ringBytesTotal } from './capture/live-source.ts';
import { SEALED_TEXT_BYTES_MAX, sealedMemoryBytes, unpaidValueBytes } from './encode/seal-layout.ts';
import { FloodgateError } from './errors.ts';
import { defaultHttpLimits, type HttpLimits, httpMemoryTerms } from './http/http-limits.ts';
import { samplerBytes } from './overload/sampler-memory.ts';
import { frameBytesMax } from './pcap/block.ts';
import { decompressorBytes } from './pcap/compressed-reader.ts';
import { defaultTcpLimits, type TcpLimits } from './tcp/limits.ts';
import { TcpLayer } from './tcp/tcp.ts';
import {
  defaultWitnessLimits,
  idleExchangeBytes,
  idleExchangesMax,
  type WitnessLimits,
} from './witness/witness-limits.ts';

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
  /** What the control group allows the whole process: the default of `memoryBytes` is within it. @default null: no limit */
  readonly groupBytes?: number | null | undefined;
  /** Whether exchanges are left out under overload. @default false */
  readonly sampled?: boolean | undefined;
  /** Devices captured from at once, each with a ring of its own. @default 0: a file or standard input */
  readonly rings?: number | undefined;
  /** Bytes of each ring. @default 16 MiB, less where all rings would take more than an eighth of `memoryBytes` */
  readonly ringBytes?: number | undefined;
  /** Whether digests are remembered. @default false */
  readonly dedup?: boolean | undefined;
  /** Whether records go to another thread, which has the files. @default false */
  readonly piped?: boolean | undefined;
  /** Whether witnesses are uploaded. @default false */
  readonly upload?: boolean | undefined;
  /** Whether the capture that is read is, or may be, compressed. @default false */
  readonly compressed?: boolean | undefined;
  /** Sets of expressions that exchanges are chosen by: one each for allowed and excluded hosts and paths. @default 0 */
  readonly expressionSets?: number | undefined;
  /** Whether their batches wait on disk. @default false */
  readonly spool?: boolean | undefined;
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
  /** Memory kept for the next sealed values. */
  readonly sealedIdleBytesMax: number;
  /** Small bodies in flight. */
  readonly bodyBufferBytesMax: number;
  /** Lines on their way out. */
  readonly outputBytesMax: number;
  /** Exchanges that a HAR file is still waiting for, and their bodies. */
  readonly harBytesMax: number;
  /** Of each ring; 0 without one. */
  readonly ringBytes: number;
  /** Digests known at least (agent/digest/dedup.ts), a power of two; 0 without deduplication. */
  readonly digestsMax: number;
  /** Witnesses of the batch that is being filled for `--upload`, before compression. */
  readonly batchBytesMax: number;
  /** Batches that wait in memory, where no `--spool` is given. */
  readonly memorySpoolBytesMax: number;
  /** Batches that wait on disk, where a `--spool` is given: what is known of each lies in memory. */
  readonly spoolBatchesMax: number;
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
export const runtimeBytes = 70_000_000;

/** What the runtime takes before it has loaded anything of ours: a lower ceiling would end every run at once. */
const ceilingBytesMin = 48_000_000;

/** A chunk (agent/capture/file-source.ts), and a record of the largest size with its header (agent/pcap/record-reader.ts). */
const readingBytes = chunkBytes + frameBytesMax + 65_536;
/** 4,096 strings of HTTP names and values, 1,024 of JSON names; 4,096 secret names, 2 × 2,048 of witnesses, with map entries. */
const nameBytes = 5_120 * 90 + 4_096 * 130 + 4_096 * 230;

/**
 * What making witnesses keeps beside the sealing kernel's memory: header values and member names (agent/encode), and the objects
 * of exchanges that are over (agent/witness/exchange.ts).
 */
const sealingBytesFixed = 1_400_000 + idleExchangesMax * idleExchangeBytes;
/** Pages and buffers kept for the next values: those of five bodies of the longest kind, and 512 KiB at least. */
const sealedIdleBodies = 5;
const sealedIdleBytesMin = 512 << 10;
/** Of the memory beyond this: bodies of 32 KiB are sealed with the smallest, of 640 KiB, the kernel's most, at the default. */
const sealedBeyondBytes = 24_000_000;
const sealedShare = 0.00373;
const sealedBytesMin = 2 * BODY_PAGE_BYTES;

/** All rings together take at most this much of `--memory`, unless their size is given. */
const ringShareMax = 1 / 8;
/** The smallest ring a device gets by itself: four blocks, 13 ms of a flood of 75 MB/s. */
const ringBytesMin = 1 << 20;

/** Shares of what rings, sealing and a decompressor leave of `--memory`. The rest goes to terms of fixed size. */
const pageShare = 0.193;
const decoderShare = 0.135;
const bodyBufferShare = 0.06;
const valueShare = 0.09;
/** What shares and terms of fixed size leave: sealing, or most of it and a decompressor, finds room there at the default. */
const freeBytes = (memoryBytes: number) => Math.max(0, memoryBytes * 0.07 - 2.3e6);
/** 32,768 streams at the default. */
const streamShare = 0.304;
/** Payload that waits until it is known whose it is: 256 pages at the default. */
const successorShare = 0.0027;
/** Lines and entries on their way to files. */
const outputShare = 0.02;
const harShare = 0.04;
/**
 * Tables and pages lie in one memory whose addresses are signed 32-bit numbers for JavaScript: with both at their most it
 * takes 1.7 GB. A gigabyte waiting behind gaps is more than any wire brings within a timeout that anybody would choose.
 */
const pagesMost = 1 << 19;
const streamsMost = 1 << 21;
/** Two generations of two slots of eight bytes (agent/digest/dedup.ts). */
const digestBytes = 32;
/** The package re2js, loaded where there are expressions: measured (docs/decisions/expressions.md), rounded up. */
const expressionEngineBytes = 7_000_000;
/** The automaton of a set (agent/filter/expressions.ts), and the program it is made of: 2,048 steps of some 200 bytes. */
const expressionSetBytes = (256 << 10) + (512 << 10);
/** 65,536 digests at the default. */
const digestShare = 0.011;
/** Half for the batch being filled and its way out (as it is, compressed, read back, in the socket), half for those that wait. */
const uploadShare = 0.02;
const batchCopies = 4;
/**
 * Of zstd at level 1 (ZSTD_estimateCStreamSize): a window of 256 KiB and a block in, a block out, its sequences, a table of 64 KiB. Deflate
 * takes less (zconf.h: 2^17 + 2^17).
 */
const compressorStateBytes = 1 << 20;
/** A number, a size and a count (agent/sinks/spool-index.ts); at start the numbers twice more, while they are sorted. */
const spooledBatchBytes = 32;
/** 65,536 batches at the default: a day and a half of one every two seconds. */
const spoolShare = 0.011;
/** Larger batches compress no better (witnesses of `steady`). */
const batchBytesMaxMost = 512 << 10;

/** @throws FloodgateError `memory-too-small` or `limit-invalid`. */
export function deriveLimits(options: LimitOptions): AgentLimits {
  const memoryBytes = options.memoryBytes ?? memoryWithin(options.groupBytes);
  if (!(memoryBytes >= memoryBytesMin)) {
    throw new FloodgateError('memory-too-small', `--memory must be at least ${memoryBytesMin / 1e6} MB`, {
      hint: 'give the agent more, or leave it at the default of 200 MB',
    });
  }
  const rings = deriveRings(options, memoryBytes);
  const sealedBytesMax = sealedBytesFor(memoryBytes);
  const sealedIdleBytesMax = Math.max(sealedIdleBytesMin, sealedIdleBodies * sealedBytesMax);
  const sealingBytes = sealingBytesFixed + sealedMemoryBytes(sealedBytesMax) + sealedIdleBytesMax;
  const beside = sealingBytes + (options.compressed ? decompressorBytes : 0);
  // The shares of what is taken here come to 0.94 of it.
  const taken = Math.max(0, beside - freeBytes(memoryBytes)) * 1.12;
  const shared = memoryBytes - Math.min(rings.bytesTotal, memoryBytes * ringShareMax) - taken;
  const tcp = deriveTcp(options, shared);
  const http: HttpLimits = {
    ...defaultHttpLimits,
    streamsMax: tcp.streamsMax,
    waitingRequestsMax: tcp.streamsMax,
    headPoolBytesMax: Math.min(defaultHttpLimits.headPoolBytesMax, Math.floor(shared * 0.04)),
    waitingUriBytesMax: Math.min(defaultHttpLimits.waitingUriBytesMax, Math.floor(shared * 0.015)),
    messageBytesMax: options.httpLengthMax ?? defaultHttpLimits.messageBytesMax,
  };
  const body: BodyLimits = {
    ...defaultBodyLimits,
    decodedBytesMax: options.decodedLengthMax ?? defaultBodyLimits.decodedBytesMax,
    sealedBytesMax,
  };
  const unpaidBytes = unpaidValueBytes(sealedBytesMax);
  const totalBytesMax = Math.floor(shared * valueShare) - unpaidBytes;
  const witness: WitnessLimits = {
    ...defaultWitnessLimits,
    body,
    pendingMax: Math.min(defaultWitnessLimits.pendingMax, tcp.streamsMax),
    messageBytesMax: Math.min(defaultWitnessLimits.messageBytesMax, totalBytesMax >> 2),
    totalBytesMax,
  };
  const batchesBytesMax = options.upload ? Math.floor(shared * uploadShare) : 0;
  const uploadBytesMax = batchesBytesMax === 0 ? 0 : batchesBytesMax + compressorStateBytes;
  const spoolBatchesMax = options.spool ? powerOfTwoWithin((shared * spoolShare) / spooledBatchBytes) : 0;
  const samplingBytes = options.sampled ? samplerBytes(tcp.streamsMax) : 0;
  // A witness is no longer than all values, and its record is copied once: from where it is written to its file or batch it goes in pieces.
  const recordBytesMax = options.piped ? totalBytesMax : 0;
  // Not every agent has all of this: it comes out of the largest of what is shared by bodies.
  const besideBytes = uploadBytesMax + spoolBatchesMax * spooledBatchBytes + samplingBytes + recordBytesMax;
  const decoderBytesMax = Math.floor(shared * decoderShare) - besideBytes;
  const bodyBufferBytesMax = Math.floor(shared * bodyBufferShare);
  const harBytesMax = Math.floor(shared * harShare);
  const outputBytesMax = Math.floor(shared * outputShare);
  const digestsMax = options.dedup ? powerOfTwoWithin((shared * digestShare) / digestBytes) : 0;
  const terms = addUp(tcp, http, witness, decoderBytesMax, bodyBufferBytesMax);
  terms.push({ name: 'output', bytes: outputBytesMax, reason: 'lines and entries on their way out' });
  terms.push({ name: 'har', bytes: harBytesMax, reason: 'requests waiting for their response, and their bodies' });
  terms.push(...fixedTerms(rings.bytesTotal > 0, sealingBytes + unpaidBytes));
  if (samplingBytes > 0) {
    terms.push({ name: 'overload', bytes: samplingBytes, reason: 'rates of endpoints, and verdicts by stream' });
  }
  if (options.compressed) {
    terms.push({ name: 'decompressor', bytes: decompressorBytes, reason: 'the window of a compressed capture' });
  }
  if (digestsMax > 0) {
    terms.push({ name: 'digests', bytes: digestsMax * digestBytes, reason: `${digestsMax} digests known` });
  }
  if (uploadBytesMax > 0) {
    terms.push({ name: 'upload', bytes: uploadBytesMax, reason: 'batches being filled, sent and waiting' });
  }
  if (recordBytesMax > 0) {
    const reason = 'a long witness on its way to the thread that has the file';
    terms.push({ name: 'records', bytes: recordBytesMax, reason });
  }
  if (options.expressionSets) {
    const bytes = expressionEngineBytes + options.expressionSets * expressionSetBytes;
    terms.push({ name: 'expressions', bytes, reason: 'the engine that matches hosts and paths, and its automata' });
  }
  if (spoolBatchesMax > 0) {
    const bytes = spoolBatchesMax * spooledBatchBytes;
    terms.push({ name: 'spool', bytes, reason: `what is known of ${spoolBatchesMax} batches on disk` });
  }
  if (rings.bytesTotal > 0) {
    terms.push({ name: 'rings', bytes: rings.bytesTotal, reason: 'shared with the kernel, one for each device' });
  }
  const memoryBytesMax = terms.reduce((sum, term) => sum + term.bytes, 0);
  // Single limits may have been set past what --memory gives: then their sum counts.
  const usualBytes = Math.max(memoryBytes, memoryBytesMax) + runtimeBytes;
  const ceilingBytes = options.ceilingBytes ?? Math.min(usualBytes, usableBytes(options.groupBytes));
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
    sealedIdleBytesMax,
    bodyBufferBytesMax,
    outputBytesMax,
    harBytesMax,
    ringBytes: rings.bytesEach,
    digestsMax,
    batchBytesMax: Math.min(batchBytesMaxMost, Math.floor(batchesBytesMax / 2 / batchCopies)),
    memorySpoolBytesMax: Math.floor(batchesBytesMax / 2),
    spoolBatchesMax,
    terms,
    memoryBytesMax,
    ceilingBytes,
  };
}

/** Of what a control group allows: its page cache and the kernel's own pages count too, and beyond it the machine ends the agent. */
const usableShare = 0.9;
const usableBytes = (groupBytes: number | null | undefined) =>
  groupBytes == null ? Number.POSITIVE_INFINITY : Math.max(ceilingBytesMin, Math.floor(groupBytes * usableShare));

/** The default: 200 MB, or what a control group leaves beside the runtime. */
function memoryWithin(groupBytes: number | null | undefined): number {
  return Math.max(memoryBytesMin, Math.min(memoryBytesDefault, usableBytes(groupBytes) - runtimeBytes));
}

/** From here on a control group changes nothing. */
export const groupBytesRoomy = (memoryBytesDefault + runtimeBytes) / usableShare;

/** An isolate more with the agent's modules loaded, before the first frame: measured (docs/agent.md), rounded up. */
export const workerBytes = 28_000_000;

export interface WorkerLimits {
  /** What each thread may take. Its pages are those of all: a credit is shared (agent/bounded/page-credit.ts). */
  readonly each: AgentLimits;
  /** All threads together, pages once. */
  readonly all: Pick<AgentLimits, 'terms' | 'memoryBytesMax' | 'ceilingBytes'>;
}

/** The same memory for several threads: each gets its part of every table, and all share the pages. @throws as `deriveLimits`. */
export function deriveWorkerLimits(options: LimitOptions, workers: number): WorkerLimits {
  const memoryBytes = options.memoryBytes ?? memoryWithin(options.groupBytes);
  if (memoryBytes / workers < memoryBytesMin) {
    throw new FloodgateError(
      'memory-too-small',
      `${workers} workers need --memory of ${(memoryBytesMin * workers) / 1e6} MB at least`,
      { hint: 'give the agent more, or fewer workers' },
    );
  }
  const { pagesMax } = deriveLimits(options).tcp;
  const each = deriveLimits({
    ...options,
    piped: true,
    memoryBytes: memoryBytes / workers,
    pages: pagesMax,
    streams: options.streams === undefined ? undefined : Math.ceil(options.streams / workers),
  });
  const terms = each.terms.map((term) =>
    term.name === 'tcp pages'
      ? term
      : { ...term, bytes: term.bytes * workers, reason: `${term.reason}, in each worker` },
  );
  const memoryBytesMax = terms.reduce((sum, term) => sum + term.bytes, 0);
  const usualBytes = Math.max(memoryBytes, memoryBytesMax) + runtimeBytes + workers * workerBytes;
  const ceilingBytes = options.ceilingBytes ?? Math.min(usualBytes, usableBytes(options.groupBytes));
  return { each, all: { terms, memoryBytesMax, ceilingBytes } };
}

/** Rings are resident in whole as long as the agent captures: they come out of `--memory` like everything else. */
function deriveRings(options: LimitOptions, memoryBytes: number): { bytesEach: number; bytesTotal: number } {
  const rings = options.rings ?? 0;
  if (rings === 0) return { bytesEach: 0, bytesTotal: 0 };
  const fair = Math.max(ringBytesMin, Math.floor((memoryBytes * ringShareMax) / rings));
  const bytesEach = options.ringBytes ?? Math.min(ringBytesDefault, fair - (fair % blockBytesDefault));
  return { bytesEach, bytesTotal: ringBytesTotal({ ringBytes: bytesEach }, rings) };
}

/** In whole pages. */
function sealedBytesFor(memoryBytes: number): number {
  const bytes = Math.floor(((memoryBytes - sealedBeyondBytes) * sealedShare) / BODY_PAGE_BYTES) * BODY_PAGE_BYTES;
  return Math.min(SEALED_TEXT_BYTES_MAX, Math.max(sealedBytesMin, bytes));
}

function powerOfTwoWithin(count: number): number {
  return 2 ** Math.max(0, Math.floor(Math.log2(count)));
}

function deriveTcp(options: LimitOptions, memoryBytes: number): TcpLimits {
  requireAtMost('--streams', options.streams, streamsMost);
  requireAtMost('--pages', options.pages, pagesMost);
  const streamsMax = options.streams ?? streamsFor(memoryBytes * streamShare);
  const pagesFor = Math.floor((memoryBytes * pageShare) / TcpLayer.bytesFor(onePage).pages);
  const pagesMax = options.pages ?? Math.min(pagesFor, pagesMost);
  const successorPages = Math.floor((memoryBytes * successorShare) / TcpLayer.bytesFor(onePage).pages);
  const pagesPerConnectionMax = options.pagesPerConnection ?? defaultTcpLimits.pagesPerConnectionMax;
  return {
    ...defaultTcpLimits,
    streamsMax,
    pagesMax,
    successorPagesMax: Math.min(defaultTcpLimits.successorPagesMax, successorPages),
    beginningPagesMax: Math.min(defaultTcpLimits.beginningPagesMax, successorPages * 3),
    pagesPerConnectionMax: Math.min(pagesPerConnectionMax, pagesMax),
    gapTimeoutUs: (options.streamTimeoutSeconds ?? defaultTcpLimits.gapTimeoutUs / 1e6) * 1e6,
    ackSlackPackets: options.ackSlackPackets ?? defaultTcpLimits.ackSlackPackets,
  };
}

function requireAtMost(option: string, value: number | undefined, most: number): void {
  if (value === undefined || value <= most) return;
  throw new FloodgateError('limit-invalid', `${option} can be ${most} at most, not ${value}`, {
    hint: 'several agents, each with a filter of its own, can watch more',
  });
}

const onePage: TcpLimits = { ...defaultTcpLimits, pagesMax: 1 };

/** The most whose tables fit, of four steps to each power of two. */
function streamsFor(bytes: number): number {
  let streamsMax = 1024;
  for (let step = 256; streamsMax < 1 << 20 && streamBytes(streamsMax + step) <= bytes; ) {
    streamsMax += step;
    if (streamsMax === step * 8) step *= 2;
  }
  return streamsMax;
}

function streamBytes(streamsMax: number): number {
  const { sides, streams } = httpMemoryTerms({ ...defaultHttpLimits, streamsMax });
  // What waits for a beginning takes of what is left over, not of the streams.
  const beginningPagesMax = defaultTcpLimits.successorPagesMax;
  return TcpLayer.bytesFor({ ...defaultTcpLimits, streamsMax, beginningPagesMax }).tables + sides! + streams!;
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
    {
      name: 'http requests',
      bytes: waitingRequests! + waitingUris!,
      reason: 'requests waiting for their response, and the other way round',
    },
    { name: 'tls names', bytes: tlsServerNames!, reason: `${http.tlsServerNamesMax} server names counted` },
    { name: 'decoders', bytes: decoderBytesMax, reason: 'windows and beginnings of coded bodies in flight' },
    { name: 'bodies', bytes: bodyBufferBytesMax, reason: 'small bodies until they are whole' },
    { name: 'values', bytes: witness.totalBytesMax, reason: 'values of messages in flight and of halves waiting' },
  ];
}

/** What does not follow `--memory`. */
function fixedTerms(isLive: boolean, sealingBytes: number): LimitTerm[] {
  const names = { name: 'names', bytes: nameBytes, reason: 'field and member names that come with every message' };
  const reading = {
    name: 'reading',
    bytes: readingBytes,
    reason: 'a chunk of the capture, and a record that spans two',
  };
  const sealing = { name: 'sealing', bytes: sealingBytes, reason: 'the JSON body that is being digested and encoded' };
  return isLive ? [names, sealing] : [names, sealing, reading];
}

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(bytes < 9.95e6 ? 1 : 0);

function termLine(terms: readonly LimitTerm[]): string {
  return terms.map(({ name, bytes }) => `${name} ${megabytes(bytes)}`).join(' + ');
}

/** The bounds as people read them: one line, every term in it. */
export function limitTable(
  limits: Pick<AgentLimits, 'terms' | 'memoryBytesMax' | 'ceilingBytes'>,
  workers = 0,
): string {
  return (
    `memory: at most ${megabytes(limits.memoryBytesMax)} MB by its limits, beside ${megabytes(runtimeBytes + workers * workerBytes)} MB of runtime; ` +
    `ends at ${megabytes(limits.ceilingBytes)} MB\n  = ${termLine(limits.terms)}`
  );
}

/** Every bound of `floodgate-agent collect`, which has a process of its own. */
export const collectLimits = {
  /** More agents than that take turns: the connection that has made the least of its time goes. */
  connectionsMax: 64,
  /** A batch is half a megabyte or one witness, which is 32 MB at most (`ENCODED_BYTES_MAX`) before it is compressed. */
  bodyBytesMax: 34 << 20,
  decodedBytesMax: 34 << 20,
  /** Bodies as they came, of all requests together, until each is stored. */
  heldBytesMax: 64 << 20,
  /** Batches decoded at one time: the thread that reads them is one, and so is the memory they are inflated into. */
  decodersMax: 1,
  /** Whole bodies that wait for it: at a second each, of the largest, half of what an agent waits for an answer. */
  queueMax: 16,
  /** A batch of the usual size with a witness every eight bytes. */
  witnessesMax: 65_536,
  /** Of batches that become durable together (agent/sinks/group-commit.ts). */
  groupWitnessesMax: 16_384,
  /**
   * A batch's values as objects, by the estimate of witness-weight.ts: one witness of twice 40 thousand values (longer ones are
   * not decoded, agent/sinks/batch-decoder.ts), or one and a half times a usual batch of the smallest numbers.
   */
  batchWeightMax: 192_000_000,
  /** SQLite's pages (witness-store.ts), zlib's state, sockets. */
  otherBytesMax: 8 << 20,
} as const;

/** The sum of what `collect` may take, term by term. */
export function collectTerms(): LimitTerm[] {
  const limits = collectLimits;
  const perWitness = 600;
  return [
    // While one gets more room it is there twice.
    { name: 'bodies', bytes: limits.heldBytesMax + limits.bodyBytesMax, reason: 'bodies as they came, one twice' },
    { name: 'decoded', bytes: limits.decodedBytesMax * limits.decodersMax, reason: 'the batch that is being decoded' },
    { name: 'values', bytes: limits.batchWeightMax, reason: 'its values as objects' },
    {
      name: 'batch',
      // A group that is not full takes one more.
      bytes: (limits.witnessesMax + limits.groupWitnessesMax) * perWitness,
      reason: 'what is known of each witness until it is on disk',
    },
    { name: 'other', bytes: limits.otherBytesMax, reason: 'pages of the store, zlib, sockets' },
  ];
}

/** The bounds of `collect` as people read them. */
export function collectTable(): string {
  const terms = collectTerms();
  const sum = terms.reduce((bytes, term) => bytes + term.bytes, 0);
  return `memory: at most ${megabytes(sum)} MB by its limits, beside ${megabytes(runtimeBytes)} MB of runtime\n  = ${termLine(terms)}`;
}
