/**
 * `--upload`: witnesses gathered into batches by bytes and time, spooled, sent one after the other. At least once, and
 * under an identity that stays: a server that drops repeats has each witness exactly once. A failure is followed by a
 * pause with full jitter (0 … 2ⁿ × base), never shorter than the server asks for.
 */
import { mostOf, type OverloadMark, unmarked } from '../overload/mark.ts';
import { type Batch, type HeldBatch, longBatch, sealBatch } from './batch.ts';
import { type BatchCoding, BatchCompressor } from './batch-compressor.ts';
import type { EachPiece } from './record-output.ts';
import type { Spool } from './spool.ts';
import type { Outcome } from './upload-request.ts';

/** Without a view of its own for each witness. */
const copyBytes = Buffer.prototype.copy;

const backoffMsBase = 500;
const backoffMsMax = 60_000;
/** Even the luckiest draw leaves the server alone for a moment. */
const backoffMsMin = 20;

export interface UploadOptions {
  readonly spool: Spool;
  /** Never rejects. */
  readonly send: (batch: HeldBatch) => Promise<Outcome>;
  readonly abort: () => void;
  readonly coding: BatchCoding;
  readonly batchBytesMax: number;
  /** A batch waits no longer for being full. */
  readonly batchMsMax: number;
  /** Where to, as it may be printed. */
  readonly origin: string;
  readonly report: (line: string) => void;
  /** What is left out at this moment. @default nothing */
  readonly overload?: () => OverloadMark;
  /** Monotonic. */
  readonly nowMs: () => number;
  /** 0 ≤ x < 1. */
  readonly random: () => number;
}

export class UploadCounters {
  witnessesTaken = 0;
  batchesSealed = 0;
  attempts = 0;
  retries = 0;
  batchesSent = 0;
  witnessesSent = 0;
  bytesSent = 0;
  /** Of the attempts. */
  failuresConnect = 0;
  failuresTimeout = 0;
  failuresStatus = 0;
  failuresAnswer = 0;
  /** Not taken by the server, for good: a status that says so of the batch itself. */
  batchesRefused = 0;
  witnessesRefused = 0;
}

const failureCounter = {
  connect: 'failuresConnect',
  timeout: 'failuresTimeout',
  status: 'failuresStatus',
  answer: 'failuresAnswer',
} as const;

export class Upload {
  readonly counters = new UploadCounters();
  readonly #options: UploadOptions;
  readonly #open: Buffer;
  readonly #compressor: BatchCompressor;
  #openBytes = 0;
  #openWitnesses = 0;
  #openedAtMs = 0;
  #openMark = unmarked;
  /** Attempts that failed since the last one that did not. */
  #failures = 0;
  #backoffMs = 0;
  #isSending = false;
  #timer: NodeJS.Timeout | undefined;
  #whenIdle: (() => void) | null = null;
  #hasReportedShed = false;
  /** Not started, or over. */
  #isClosed = true;

  constructor(options: UploadOptions) {
    this.#options = options;
    this.#open = Buffer.allocUnsafeSlow(options.batchBytesMax);
    this.#compressor = new BatchCompressor(options.coding, options.batchBytesMax);
  }

  /** From now on batches are sent; what an agent before this one left goes first. */
  start(): void {
    this.#isClosed = false;
    this.#pump();
  }

  /** One witness with its length before it; copied. Never throws. */
  add(bytes: Uint8Array, start = 0, end = bytes.length): void {
    const { batchBytesMax, nowMs } = this.#options;
    const length = end - start;
    if (length > batchBytesMax) {
      this.addPieces((take) => take(bytes, start, end), length);
      return;
    }
    this.counters.witnessesTaken += 1;
    if (this.#openBytes + length > batchBytesMax) this.seal();
    const mark = this.#options.overload?.() ?? unmarked;
    if (this.#openWitnesses === 0) this.#openedAtMs = nowMs();
    this.#openMark = this.#openWitnesses === 0 ? mark : mostOf(this.#openMark, mark);
    copyBytes.call(bytes, this.#open, this.#openBytes, start, end);
    this.#openBytes += length;
    this.#openWitnesses += 1;
  }

  /** As `add`, for a witness that is too long to lie in one piece: a batch of its own. */
  addPieces(each: EachPiece, length: number): void {
    this.counters.witnessesTaken += 1;
    this.seal();
    this.#spool(longBatch(each, length, this.#open, this.#options.overload?.() ?? unmarked, this.#compressor));
  }

  /** Call between reads: a batch that has waited long enough goes. */
  tick(): void {
    const { nowMs, batchMsMax } = this.#options;
    if (this.#openWitnesses > 0 && nowMs() - this.#openedAtMs >= batchMsMax) this.seal();
  }

  /** Ends the open batch. */
  seal(): void {
    if (this.#openWitnesses === 0) return;
    const bytes = this.#open.subarray(0, this.#openBytes);
    const witnesses = this.#openWitnesses;
    this.#openBytes = 0;
    this.#openWitnesses = 0;
    this.#spool(sealBatch(bytes, witnesses, this.#openMark, this.#compressor));
  }

  /** Sends what there is, as long as it takes, `drainMs` at most; what is left stays in the spool. */
  async drain(drainMs: number): Promise<void> {
    this.seal();
    if (drainMs > 0 && this.#options.spool.batches > 0) {
      clearTimeout(this.#timer);
      this.#backoffMs = 0;
      const idle = new Promise<void>((resolve) => {
        this.#whenIdle = resolve;
      });
      this.#pump();
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, drainMs);
      });
      await Promise.race([idle, late]);
      clearTimeout(timer);
      this.#whenIdle = null;
    }
    this.#isClosed = true;
    clearTimeout(this.#timer);
    if (this.#isSending) {
      this.#options.abort();
      // The attempt ends at once then: its batch is let go of before the spool closes.
      await new Promise<void>((resolve) => {
        this.#whenIdle = resolve;
      });
    }
    const { spool, report, origin } = this.#options;
    if (spool.batches > 0) {
      const fate = spool.isKept ? 'wait in the spool for the next agent' : 'are lost, for there is no spool';
      report(`upload: ${origin} did not take ${spool.batches} batches: ${spool.witnesses} witnesses ${fate}`);
    }
    spool.close();
  }

  /** Witnesses that are neither delivered nor kept for later; final after `drain`. */
  get witnessesLost(): number {
    const { witnessesShed, witnessesTorn, witnessesMissing } = this.#options.spool.counters;
    return this.counters.witnessesRefused + witnessesShed + witnessesTorn + witnessesMissing;
  }

  /** Witnesses taken, and those that an agent before this one left. */
  get witnessesGiven(): number {
    return this.counters.witnessesTaken + this.#options.spool.counters.witnessesFound;
  }

  /** Counters and gauges by name: taken + found = sent + refused + shed + torn + missing + open + in the spool. */
  snapshot(): Record<string, number> {
    const { spool } = this.#options;
    return {
      ...this.counters,
      batchesShed: spool.counters.batchesShed,
      witnessesShed: spool.counters.witnessesShed,
      spoolFilesTorn: spool.counters.filesTorn,
      spoolWitnessesTorn: spool.counters.witnessesTorn,
      spoolBatchesMissing: spool.counters.batchesMissing,
      spoolWitnessesMissing: spool.counters.witnessesMissing,
      spoolBatchesFound: spool.counters.batchesFound,
      spoolWitnessesFound: spool.counters.witnessesFound,
      spoolWritesFailed: spool.counters.writesFailed,
      spoolBytes: spool.bytes,
      spoolBatches: spool.batches,
      spoolWitnesses: spool.witnesses,
      openBytes: this.#openBytes,
      openWitnesses: this.#openWitnesses,
      backoffMs: this.#backoffMs,
    };
  }

  #spool(batch: Batch): void {
    const { spool, report } = this.#options;
    this.counters.batchesSealed += 1;
    spool.put(batch);
    if (spool.counters.batchesShed > 0 && !this.#hasReportedShed) {
      this.#hasReportedShed = true;
      report('upload: no room for batches that wait: the oldest are shed, and counted');
    }
    this.#pump();
  }

  #pump(): void {
    if (this.#isSending || this.#isClosed || this.#backoffMs > 0) return;
    const batch = this.#options.spool.hold();
    if (batch === undefined) {
      this.#whenIdle?.();
      return;
    }
    this.#isSending = true;
    this.counters.attempts += 1;
    if (this.#failures > 0) this.counters.retries += 1;
    void this.#options.send(batch).then((outcome) => {
      this.#isSending = false;
      this.#settle(batch, outcome);
      if (this.#isClosed) this.#whenIdle?.();
      else this.#pump();
    });
  }

  #settle(batch: HeldBatch, outcome: Outcome): void {
    const { counters } = this;
    const { spool, report, origin } = this.#options;
    if (outcome.kind === 'failed') {
      counters[failureCounter[outcome.at]] += 1;
      spool.release();
      if (this.#isClosed) return;
      if (this.#failures === 0) report(`upload: ${origin} does not take batches (${outcome.why}); they wait`);
      this.#pause(outcome.retryAfterMs);
      return;
    }
    spool.remove();
    if (outcome.kind === 'refused') {
      if (counters.batchesRefused === 0) report(`upload: ${origin} refuses a batch for good (${outcome.why})`);
      counters.batchesRefused += 1;
      counters.witnessesRefused += batch.witnesses;
    } else {
      if (this.#failures > 0) report(`upload: ${origin} takes batches again`);
      counters.batchesSent += 1;
      counters.witnessesSent += batch.witnesses;
      counters.bytesSent += batch.bodyBytes;
    }
    this.#failures = 0;
  }

  #pause(retryAfterMs: number): void {
    const { random } = this.#options;
    const mostMs = Math.min(backoffMsMax, backoffMsBase * 2 ** Math.min(this.#failures, 16));
    this.#failures += 1;
    this.#backoffMs = Math.max(backoffMsMin, retryAfterMs, random() * mostMs);
    this.#timer = setTimeout(() => {
      this.#backoffMs = 0;
      this.#pump();
    }, this.#backoffMs);
    // The capture keeps the process running, not the upload.
    this.#timer.unref();
  }
}
