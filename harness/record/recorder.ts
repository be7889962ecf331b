/** From an interface into rotating files for as long as it is wanted: the agent's own ring on one end, whole blocks on the other. */
import type { FrameSource } from '../../agent/capture/frame-source.ts';
import type { RecordingFolder } from './recording-folder.ts';
import { type InterfaceCounts, RotatingFiles, type RotationOptions } from './rotating-files.ts';

export interface RecorderOptions extends Omit<RotationOptions, 'interfaces'> {
  readonly source: FrameSource;
  readonly folder: RecordingFolder;
  /** Since the epoch. */
  readonly nowMs: () => number;
}

/** What was recorded, and what it cost. */
export interface RecorderFigures {
  readonly frames: number;
  readonly bytes: number;
  readonly framesDropped: number;
  /** The disk had no room for them. */
  readonly framesUnwritten: number;
  readonly files: number;
  readonly filesRemoved: number;
  readonly diskBytes: number;
}

/** As much as is lost when the recorder is killed. */
const flushEveryMs = 200;
/** Between two looks at what the kernel dropped. */
const countEveryMs = 1_000;
const framesPerRead = 4_096;
/** Reads in a row before timers have their turn: at most a ring's worth. */
const readsPerTurn = 8;
const waitMs = 50;

export class Recorder {
  readonly files: RotatingFiles;
  readonly #source: FrameSource;
  readonly #nowMs: () => number;
  #flushedMs = 0;
  #countedMs = 0;
  #dropped = -1;

  constructor({ source, folder, nowMs, ...rotation }: RecorderOptions) {
    this.#source = source;
    this.#nowMs = nowMs;
    this.files = new RotatingFiles(folder, { ...rotation, interfaces: source.interfaces });
  }

  /**
   * Records until `signal`, or until `endMs`. What came until then is in the files, whatever ends it.
   * @throws FloodgateError `interface-down`
   */
  async run(signal: AbortSignal, endMs: number): Promise<void> {
    try {
      for (let reads = 1; !signal.aborted && this.#nowMs() < endMs; reads += 1) {
        const read = this.#source.read(this.files, framesPerRead);
        if (read < 0) return;
        this.#tend();
        if (read === 0) await this.#source.wait(waitMs);
        else if (reads % readsPerTurn === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      this.#source.stop();
      while (this.#source.read(this.files, framesPerRead) >= 0) await this.#source.wait(waitMs);
    } finally {
      this.finish();
    }
  }

  /** What was gathered goes to the disk, with the drops so far: so that others can read it now. */
  flush(): void {
    this.#count();
    this.files.flush();
  }

  finish(): void {
    this.#count();
    this.files.end();
  }

  get figures(): RecorderFigures {
    const { frames, bytes, framesUnwritten, files, filesRemoved } = this.files.counts;
    const framesDropped = this.#framesDropped();
    return { frames, bytes, framesDropped, framesUnwritten, files, filesRemoved, diskBytes: this.files.diskBytes };
  }

  #tend(): void {
    const nowMs = this.#nowMs();
    if (nowMs - this.#countedMs >= countEveryMs) {
      this.#countedMs = nowMs;
      const dropped = this.#framesDropped();
      // Where in the recording they are missing is to be seen from the blocks around.
      if (dropped !== this.#dropped) this.#count();
      this.#dropped = dropped;
    }
    if (nowMs - this.#flushedMs < flushEveryMs && nowMs >= this.#flushedMs) return;
    this.#flushedMs = nowMs;
    this.files.flush();
    this.files.endIfDue(nowMs);
  }

  #counts(): InterfaceCounts[] {
    return this.#source
      .stats()
      .map(({ framesReceived, framesDropped }) => ({ framesReceived, framesDropped: framesDropped ?? 0 }));
  }

  #framesDropped(): number {
    return this.#counts().reduce((sum, each) => sum + each.framesDropped, 0);
  }

  #count(): void {
    this.files.statistics(this.#counts(), this.#nowMs() * 1000);
  }
}
