/** `--stats`: every counter and gauge by its name, once at the end or one line an interval. */
import type { CaptureStats } from './capture/frame-source.ts';
import type { NotDecoded } from './http/not-decoded.ts';
import type { OutputFile } from './sinks/output-file.ts';

export type Counters = Record<string, number>;

/** Frames the kernel dropped, over all interfaces; sources that cannot know count as none. */
export function captureCounters(stats: readonly CaptureStats[]): Counters {
  let received = 0;
  let dropped = 0;
  let shed = 0;
  for (const one of stats) {
    received += one.framesReceived;
    dropped += one.framesDropped ?? 0;
    shed += one.framesShed ?? 0;
  }
  return { 'capture.framesReceived': received, 'capture.framesDropped': dropped, 'capture.framesShed': shed };
}

/** One interface's drops as people read them: a share of all that passed it. */
export function dropShare(stats: CaptureStats): number | null {
  if (stats.framesDropped === null) return null;
  const passed = stats.framesReceived + stats.framesDropped;
  return passed === 0 ? 0 : stats.framesDropped / passed;
}

export class StatsFile {
  readonly #output: OutputFile;
  readonly #asLines: boolean;

  constructor(output: OutputFile, asLines: boolean) {
    this.#output = output;
    this.#asLines = asLines;
  }

  sample(tsMs: number, counters: Counters): void {
    this.#output.write(`${JSON.stringify({ type: 'sample', tsMs, ...counters })}\n`);
    this.#output.flush();
  }

  /** The last word. */
  final(tsMs: number, counters: Counters, interfaces: readonly CaptureStats[], seen: NotDecoded): void {
    // Other names than the sums': whoever adds up all `framesDropped` must not count them twice.
    const each = interfaces.map((one) => ({
      name: one.name,
      received: one.framesReceived,
      dropped: one.framesDropped,
      droppedShare: dropShare(one),
    }));
    const all = { type: 'final', tsMs, ...counters, interfaces: each, notDecoded: seen };
    this.#output.write(this.#asLines ? `${JSON.stringify(all)}\n` : `${JSON.stringify(all, null, 2)}\n`);
    this.#output.close();
  }
}
