/** What a run shows while it runs: two lines that are redrawn at a terminal, a line every few seconds elsewhere. */
import { createLogUpdate } from 'log-update';
import { formatBytes, formatCount, sparkLine } from '../../reports/format.ts';
import type { PassProgress } from '../pass/pass.ts';

export interface ProgressDisplay {
  /** Title of what runs now, e.g. the scenario's name and lane. */
  begin(title: string): void;
  update(progress: PassProgress): void;
  /** Clears the live lines, so that something else can be printed. */
  clear(): void;
}

const plainEveryMs = 5_000;
const liveEveryMs = 100;
const sparkCells = 40;

/** Whether lines can be redrawn there. */
export function isLive(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY && !process.env.CI && process.env.TERM !== 'dumb';
}

/** The display that suits the stream: `live` where lines can be redrawn. */
export function createProgress(stream: NodeJS.WriteStream, live: boolean): ProgressDisplay {
  return live ? new LiveProgress(stream) : new PlainProgress(stream);
}

class LiveProgress implements ProgressDisplay {
  readonly #log: ReturnType<typeof createLogUpdate>;
  #title = '';
  #drawnMs = Number.NEGATIVE_INFINITY;
  #activity: string | undefined;
  #tMs: number[] = [];
  #rss: number[] = [];

  constructor(stream: NodeJS.WriteStream) {
    this.#log = createLogUpdate(stream);
  }

  begin(title: string): void {
    this.#title = title;
    this.#activity = undefined;
  }

  update(progress: PassProgress): void {
    if (progress.activity !== this.#activity) {
      this.#activity = progress.activity;
      this.#tMs = [];
      this.#rss = [];
      this.#drawnMs = Number.NEGATIVE_INFINITY;
    }
    if (progress.elapsedMs - this.#drawnMs < liveEveryMs) return;
    this.#drawnMs = progress.elapsedMs;
    this.#tMs.push(progress.elapsedMs);
    this.#rss.push(progress.rssBytes);
    // An hour at ten a second; what is older has left the line's resolution anyway.
    if (this.#tMs.length > 36_000) {
      this.#tMs = this.#tMs.filter((_, index) => index % 2 === 0);
      this.#rss = this.#rss.filter((_, index) => index % 2 === 0);
    }
    this.#log(
      `${this.#title}  ${sentence(progress)}\n  RSS ${sparkLine(this.#tMs, this.#rss, sparkCells)} ${formatBytes(progress.rssBytes)}`,
    );
  }

  clear(): void {
    this.#log.clear();
  }
}

class PlainProgress implements ProgressDisplay {
  readonly #stream: NodeJS.WriteStream;
  #title = '';
  #activity: string | undefined;
  #toldMs = 0;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  begin(title: string): void {
    this.#title = title;
    this.#activity = undefined;
  }

  update(progress: PassProgress): void {
    const isNew = progress.activity !== this.#activity;
    if (!isNew && progress.elapsedMs - this.#toldMs < plainEveryMs) return;
    this.#activity = progress.activity;
    this.#toldMs = progress.elapsedMs;
    this.#stream.write(`${this.#title}: ${sentence(progress)}, RSS ${formatBytes(progress.rssBytes)}\n`);
  }

  clear(): void {}
}

const loadStages = { starting: 'idle', settling: 'recovering', stopping: 'stopping' } as const;

function sentence({ activity, lane, stage, frames, bytes, framesExpected, elapsedMs }: PassProgress): string {
  if (lane === 'load') {
    // The frames of a load are its milliseconds.
    const part = stage === 'sending' ? `under load for ${(frames / 1000).toFixed(0)} s` : loadStages[stage];
    return `${activity.replace('replaying', 'once more')}, ${part}`;
  }
  const share = framesExpected ? ` (${Math.min(100, Math.floor((100 * frames) / framesExpected))} %)` : '';
  const amount = `${formatCount(frames)} frames${share}, ${formatBytes(bytes)}`;
  const action = stage === 'sending' ? activity : `${activity}, ${stage}`;
  return `${action}: ${amount}, ${(elapsedMs / 1000).toFixed(0)} s`;
}
