/** Between the watch and the recorder: keeps what came around each spike, as long as spikes have room. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { formatBytes } from '../../reports/format.ts';
import { writeIncident } from './incident.ts';
import type { Recorder } from './recorder.ts';
import { scratchPrefix } from './recording-folder.ts';
import type { SpikeRule } from './spike-rule.ts';
import { type SpikeSeen, SpikeWatch } from './spike-watch.ts';
import { openWatched, type Watched } from './watched.ts';

export interface SpikeKeeperOptions {
  /** As `--on-spike` has it. */
  readonly text: string;
  readonly rule: SpikeRule;
  readonly keepMs: number;
  readonly profileEveryMs: number;
  readonly opensInspector: boolean;
  /** Of all spikes together. */
  readonly bytesMax: number;
  readonly recorder: Recorder;
  /** Of the recorder. */
  readonly folder: string;
  readonly nowMs: () => number;
  readonly say: (text: string) => void;
  readonly toolVersion: string;
}

/** A rule that fires all the time fills no folder list. */
const spikesMax = 100;

export class SpikeKeeper {
  readonly #options: SpikeKeeperOptions;
  readonly #watched: Watched;
  readonly #watch: SpikeWatch;
  /** Profiles lie here until they are read. */
  readonly #scratch: string;
  #working: Promise<void> = Promise.resolve();
  #isBusy = false;
  #kept = 0;
  #keptBytes: number;
  #notKept = 0;

  /** @throws FloodgateError where there is no such thing to watch */
  static async start(options: SpikeKeeperOptions): Promise<SpikeKeeper> {
    const scratch = mkdtempSync(path.join(options.folder, scratchPrefix));
    chmodSync(scratch, 0o700);
    try {
      const watched = await openWatched({
        text: options.text,
        folder: scratch,
        opensInspector: options.opensInspector,
      });
      const keeper = new SpikeKeeper(options, watched, scratch);
      keeper.#watch.start();
      return keeper;
    } catch (error) {
      rmSync(scratch, { recursive: true, force: true });
      throw error;
    }
  }

  private constructor(options: SpikeKeeperOptions, watched: Watched, scratch: string) {
    this.#options = options;
    this.#watched = watched;
    this.#scratch = scratch;
    this.#keptBytes = options.recorder.files.reservedBytes;
    const { rule, keepMs, profileEveryMs, nowMs, say } = options;
    this.#watch = new SpikeWatch({
      ...{ watched, rule, keepMs, profileEveryMs, nowMs },
      onSpike: (spike) => this.#keep(spike),
      onUsual: (usual) =>
        say(`usual level ${formatBytes(usual)}: a spike begins at ${formatBytes(rule.levelOf(usual))}`),
      onGone: () => {
        this.#watch.stop();
        say(`${watched.name} is gone: its memory is watched no more, and the recording goes on`);
      },
    });
  }

  describe(): string {
    const { name, measure, blind } = this.#watched;
    const { rule, keepMs } = this.#options;
    return `watching ${name} (${measure}): ${rule.text} is a spike, ${keepMs / 1000} s are kept on both sides${blind === '' ? '' : `\n${blind}`}`;
  }

  /** Ends the watch; a spike that is looked at is kept as far as it has been seen. */
  async finish(): Promise<void> {
    this.#watch.finish();
    await this.#working;
    const { say } = this.#options;
    say(
      `${this.#kept} spike${this.#kept === 1 ? '' : 's'} kept (${formatBytes(this.#keptBytes)})${this.#notKept > 0 ? `, ${this.#notKept} not kept` : ''}; usual level ${this.#watch.usual.describe()}`,
    );
    if (this.#watch.profiles?.fault) say(`the last profile failed: ${this.#watch.profiles.fault}`);
  }

  close(): void {
    this.#watch.stop();
    this.#watched.close();
    rmSync(this.#scratch, { recursive: true, force: true });
  }

  #keep(spike: SpikeSeen): void {
    const { say, bytesMax } = this.#options;
    const seen = `spike: ${formatBytes(spike.usualBytes)} usual, ${formatBytes(spike.topBytes)} at the top`;
    if (this.#isBusy || this.#kept >= spikesMax || this.#keptBytes >= bytesMax) {
      this.#notKept += 1;
      const why = this.#isBusy ? 'the one before it is still being written' : 'spikes have no more room';
      say(`${seen}; not kept: ${why}`);
      return;
    }
    this.#isBusy = true;
    this.#working = this.#write(spike)
      .then((folder) => say(`${seen}; kept in ${folder}\n  floodgate run ${folder}`))
      .catch((error: Error) => {
        this.#notKept += 1;
        say(`${seen}; not kept: ${error.message}`);
      })
      .finally(() => {
        this.#isBusy = false;
      });
  }

  async #write(spike: SpikeSeen): Promise<string> {
    const { recorder, folder, rule, keepMs, bytesMax, nowMs, toolVersion } = this.#options;
    const watched = this.#watched;
    const endMs = nowMs();
    recorder.flush();
    const files = recorder.files.names();
    const readings = this.#watch.readings(spike.startMs - keepMs);
    const { profiles } = this.#watch;
    // The rise began before its level was passed: the profile before it is one from before that second.
    const before = profiles?.before(spike.startMs - 1_000);
    const at = profiles?.kept.find((each) => each.tMs > spike.startMs);
    const after = await profiles?.take();
    const { bytes, folder: written } = await writeIncident({
      ...{ folder, files, watched, rule: rule.text, spike, keepMs, endMs, readings, toolVersion },
      profiles: { before, at, after },
      framesDropped: recorder.figures.framesDropped,
      bytesMax: bytesMax - this.#keptBytes,
    });
    this.#kept += 1;
    this.#keptBytes += bytes;
    recorder.files.reservedBytes = this.#keptBytes;
    return written;
  }
}
