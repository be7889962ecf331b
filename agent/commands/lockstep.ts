/**
 * `--lockstep`, for the harness's exact lane: everything that goes by the clock elsewhere goes by the bytes read, so that
 * two runs over the same bytes do the same. Loaded only where it is asked for.
 */
import { tracingChannel } from 'node:diagnostics_channel';
import { LockstepSource } from '../capture/lockstep-source.ts';
import { recordedFilter } from '../capture/open-recorded.ts';
import { FloodgateError } from '../errors.ts';
import type { CaptureFlags } from './capture-options.ts';

/** The clock moves by so much a block: as on a link of 52 Mbit/s. The governor then looks every fifth block. */
const msPerBlock = 10;
/** A reading is taken at each of so many blocks, then at every such part of what was read: 85 readings of 40 MB, 135 of 1 GB. */
const readingShare = 16;

export class Lockstep {
  readonly source: LockstepSource;
  /** Whoever looks into this process from within takes its readings when we do, and counts ours as not the traffic's. */
  readonly #readings = tracingChannel('floodgate:reading');
  #nextBlock = 1;
  #readAtBlock = -1;

  /** @throws FloodgateError `lockstep-refused` where there is another clock to go by. */
  constructor(flags: CaptureFlags) {
    if (flags.read !== '-' || flags.statsIntervalMs !== undefined || (flags.workers ?? 1) > 1) {
      throw new FloodgateError(
        'lockstep-refused',
        '--lockstep is for one thread that reads --read -, without a clock',
        {
          hint: 'leave out --stats-interval-ms and --workers, or --lockstep: it is for measurements that must repeat',
        },
      );
    }
    this.source = new LockstepSource(0, { filter: recordedFilter(flags.filter) });
  }

  readonly nowMs = (): number => this.source.blocksRead * msPerBlock;

  /** Between any two blocks: has a reading taken where it is time, and where the writer waits for one. */
  turn(take: () => void): void {
    const { blocksRead, isHeld } = this.source;
    if (blocksRead === this.#readAtBlock || (blocksRead < this.#nextBlock && !isHeld)) return;
    this.#readAtBlock = blocksRead;
    this.#nextBlock = blocksRead + Math.max(1, Math.floor(blocksRead / readingShare));
    this.#readings.traceSync(take);
  }

  /** The last reading, when everything read has been dealt with. */
  end(take: () => void): void {
    this.#readings.traceSync(take);
  }
}
