/** `floodgate slice`: cuts the packets of a spike out of a run's traffic, which is made again from its seed. */
import { closeSync, openSync, writeSync } from 'node:fs';
import type { Command } from 'commander';
import type { FrameSink } from '../../agent/capture/frame-source.ts';
import { FloodgateError } from '../../agent/errors.ts';
import { PcapngWriter } from '../../agent/pcap/pcapng-writer.ts';
import { formatCount } from '../../reports/format.ts';
import type { FrameRange, RunReport, Spike, SpikeStream } from '../../reports/model.ts';
import { provokingStreams } from '../explain/provoking-streams.ts';
import { parseWhole } from '../metrics/quantity.ts';
import { FlowTable } from '../traffic/flows.ts';
import { openTraffic } from '../traffic/open-traffic.ts';
import type { Traffic } from '../traffic/traffic.ts';
import { guard } from './report-folder.ts';
import { orderOfRun, runOf } from './run-again.ts';

interface SliceFlags {
  readonly spike: string;
  readonly frames?: string;
  readonly scenario?: string;
  readonly all?: boolean;
  readonly streams?: string;
  readonly scrub?: boolean;
  readonly key?: string;
  readonly output: string;
}

const examples = `
Examples:
  floodgate slice runs/latest --spike 1 -o spike.pcapng
  floodgate slice runs/latest --spike 1 --streams 40 -o more.pcapng   of the forty streams that brought most
  floodgate slice runs/latest --spike 1 --all -o all.pcapng   every frame between its start and its top
  floodgate slice runs/latest --frames 1000-2500 -o part.pcapng
  floodgate slice runs/latest --spike 1 --scrub -o shared.pcapng   nothing in it is as it was but what makes memory
  floodgate slice runs/latest --scenario incident --spike 1 -o spike.pcapng   (of a gate)`;

export function addSliceCommand(command: Command): void {
  command
    .description(
      'Writes the packets that made a spike as a pcapng file: up to its top, of as few of the streams that brought most as are enough for a spike.',
    )
    .argument('<run>', 'folder of a run')
    .option('--spike <n>', 'number of the spike, from 1', '1')
    .option('--frames <first-last>', 'these frames instead, counted from 1')
    .option(
      '--streams <n>',
      'of the streams the report lists for the spike, the first so many (default: as few as are enough)',
    )
    .option('--all', 'every frame between the start and the top, whatever its stream')
    .option('--scrub', 'other names, values and addresses, as floodgate scrub has it: to be shared')
    .option(
      '--key <file>',
      'with --scrub: equal things are equal in all captures scrubbed with it (default: a new key)',
    )
    .option('--scenario <name>', 'which run of a gate')
    .requiredOption('-o, --output <file>', 'file to write')
    .addHelpText('after', examples)
    .action(async (folder: string, flags: SliceFlags) => {
      const run = runOf(folder, flags.scenario);
      const cut = cutOf(run, flags);
      const written = await (flags.scrub ? sliceScrubbed(run, cut, flags) : slice(run, cut, flags.output));
      if (written === 0) throw nothingCut(cut);
      const more = cut.streams && cut.streams.length < cut.listed! ? `of the ${formatCount(cut.listed!)} listed ` : '';
      const streams = cut.streams
        ? ` of ${formatCount(cut.streams.length)} ${more}stream${cut.listed === 1 ? '' : 's'}`
        : '';
      process.stdout.write(
        `${formatCount(written)} frames${streams} (${formatCount(cut.first)} to ${formatCount(cut.last)}) in ${flags.output}\n`,
      );
    });
}

/** What is to be cut out. */
interface Cut {
  readonly first: number;
  readonly last: number;
  /** Both directions of these; null: every frame. */
  readonly streams: readonly SpikeStream[] | null;
  /** So many streams the report lists for the spike. */
  readonly listed?: number;
}

function cutOf(run: RunReport, flags: SliceFlags): Cut {
  if (flags.frames !== undefined) return { ...parseFrames(flags.frames), streams: null };
  const { frames, spike } = spikeFrames(run, flags.spike);
  // Reports of older versions name their streams in words.
  const streams = spike.streams.filter((stream) => stream.destination !== '');
  if (flags.all || streams.length === 0) return { ...frames, streams: null };
  // With what came before the spike: a stream without its start, or its gap, does something else.
  const span = { first: 1, last: frames.last, listed: streams.length };
  if (flags.streams === undefined) return { ...span, streams: provokingStreams({ ...spike, streams }) };
  const count = parseWhole(flags.streams, '--streams', { min: 1, max: streams.length });
  return { ...span, streams: streams.slice(0, count) };
}

function spikeFrames(run: RunReport, number: string): { frames: FrameRange; spike: Spike } {
  if (run.spikes.length === 0) {
    throw new FloodgateError('spike-missing', 'this run had no spike', {
      hint: 'Give the frames yourself: --frames 1-1000.',
    });
  }
  const index = parseWhole(number, '--spike', { min: 1, max: run.spikes.length }) - 1;
  const spike = run.spikes[index]!;
  const { frames } = spike;
  if (frames) return { frames, spike };
  throw new FloodgateError('spike-missing', `the frames of spike ${number} are not known`, {
    hint: 'Give the frames yourself: --frames 1-1000.',
  });
}

function parseFrames(text: string): { first: number; last: number } {
  const [first = '', last = ''] = text.split('-');
  const bounds = { min: 1, max: Number.MAX_SAFE_INTEGER };
  const range = { first: parseWhole(first, '--frames', bounds), last: parseWhole(last, '--frames', bounds) };
  if (range.first <= range.last) return range;
  throw new FloodgateError('option-invalid', `--frames: ${text} ends before it begins`, {
    hint: 'Example: --frames 1-1000.',
  });
}

function nothingCut({ first, last, streams }: Cut): FloodgateError {
  const which = `frames ${formatCount(first)} to ${formatCount(last)}`;
  return new FloodgateError('frames-missing', `the traffic has no ${which}${streams ? ' of these streams' : ''}`, {
    hint: 'Give other --frames, or --all for every frame between the start and the top of the spike.',
  });
}

/** @returns frames written */
async function slice(run: RunReport, cut: Cut, output: string): Promise<number> {
  const traffic = new SlicedTraffic(await openTraffic(await orderOfRun(run)), cut);
  try {
    const fd = guard(output, () => openSync(output, 'w', 0o600));
    try {
      return guard(output, () => copyFrames(traffic, fd, commentOf(run, cut)));
    } finally {
      closeSync(fd);
    }
  } finally {
    traffic.close();
  }
}

/** Nothing of the original is written anywhere. @returns frames written */
async function sliceScrubbed(run: RunReport, cut: Cut, { output, key }: SliceFlags): Promise<number> {
  const { scrubInto } = await import('./perform-scrub.ts');
  // What it was cut out of may have a name that says something.
  return scrubInto(async () => new SlicedTraffic(await openTraffic(await orderOfRun(run)), cut), output, key);
}

function commentOf(run: RunReport, cut: Cut): string {
  return `frames ${cut.first} to ${cut.last} of ${run.command}`;
}

function copyFrames(traffic: Traffic, fd: number, comment: string): number {
  const out = (bytes: Uint8Array, start: number, end: number) => {
    for (let at = start; at < end; ) at += writeSync(fd, bytes, at, end - at);
  };
  const writer = new PcapngWriter(out, { comment });
  writer.addInterface({ name: 'floodgate0', linkType: traffic.linkType, snapLength: 0 });
  let written = 0;
  const sink: FrameSink = {
    frame(bytes, start, end, wireLength, tsUs) {
      written += 1;
      writer.frame(bytes, start, end, wireLength, tsUs, 0);
    },
  };
  while (traffic.read(sink, 1_000) >= 0);
  writer.flush();
  return written;
}

/** Of a traffic the frames that are wanted. */
class SlicedTraffic implements Traffic {
  readonly linkType: number;
  readonly framesExpected = undefined;
  readonly bytesExpected = undefined;
  readonly durationUs = undefined;
  readonly phases = [];
  readonly impairments = [];
  readonly #traffic: Traffic;
  readonly #cut: Cut;
  readonly #isWanted: (bytes: Uint8Array, start: number, end: number, wireLength: number) => boolean;
  #seen = 0;

  constructor(traffic: Traffic, cut: Cut) {
    this.#traffic = traffic;
    this.#cut = cut;
    this.linkType = traffic.linkType;
    this.#isWanted = cut.streams === null ? () => true : streamFilter(traffic.linkType, cut.streams);
  }

  read(sink: FrameSink, framesMax: number): number {
    const { first, last } = this.#cut;
    if (this.#seen >= last) return -1;
    const chosen: FrameSink = {
      frame: (bytes, start, end, wireLength, tsUs, interfaceIndex) => {
        this.#seen += 1;
        if (this.#seen < first || this.#seen > last || !this.#isWanted(bytes, start, end, wireLength)) return;
        sink.frame(bytes, start, end, wireLength, tsUs, interfaceIndex);
      },
    };
    return this.#traffic.read(chosen, framesMax);
  }

  truth(): undefined {
    return undefined;
  }

  close(): void {
    this.#traffic.close();
  }
}

/** Whether a frame belongs to one of the streams, in either direction. */
function streamFilter(linkType: number, streams: readonly SpikeStream[]) {
  const names = new Set(
    streams.flatMap(({ source, destination }) => [`${source} ${destination}`, `${destination} ${source}`]),
  );
  const table = new FlowTable(linkType);
  const wanted: boolean[] = [];
  return (bytes: Uint8Array, start: number, end: number, wireLength: number): boolean => {
    const flow = table.flowOf(bytes, start, end, wireLength);
    if (flow < 0) return false;
    const { source, destination } = table.flows[flow]!;
    return (wanted[flow] ??= names.has(`${source} ${destination}`));
  };
}
