/** A recording as `floodgate record` asks for it: options are read, the ring is opened, the recorder runs, its figures are printed. */

import type { FrameSource } from '../../agent/capture/frame-source.ts';
import { openSource } from '../../agent/capture/open.ts';
import { FloodgateError } from '../../agent/errors.ts';
import { frameBytesMax } from '../../agent/pcap/block.ts';
import { formatBytes, formatCount, formatShare } from '../../reports/format.ts';
import { parseQuantity, parseWhole } from '../metrics/quantity.ts';
import { recordLoad } from '../record/load-between-hosts.ts';
import { Recorder } from '../record/recorder.ts';
import { RecordingFolder } from '../record/recording-folder.ts';
import { SpikeKeeper } from '../record/spike-keeper.ts';
import { parseSpikeRule } from '../record/spike-rule.ts';
import { enterNamespace } from './enter-namespace.ts';
import type { RecordFlags } from './record-flags.ts';
import { openSession } from './session.ts';

/** @returns the exit code. @throws FloodgateError where nothing can be recorded */
export async function performRecord(flags: RecordFlags): Promise<number> {
  const order = orderOf(flags);
  if (order.between) await enterNamespace('tap');
  const session = await openSession();
  const folder = new RecordingFolder(flags.output);
  try {
    if (order.between) {
      return await recordLoad({
        ...order.between,
        signal: session.signal,
        record: (names, signal) => recorded(names, signal, order, folder, session.toolVersion),
      });
    }
    await recorded(order.interfaces, session.signal, order, folder, session.toolVersion);
    return 0;
  } finally {
    folder.close();
  }
}

type Order = ReturnType<typeof orderOf>;

async function recorded(
  interfaces: readonly string[],
  signal: AbortSignal,
  order: Order,
  folder: RecordingFolder,
  toolVersion: string,
): Promise<void> {
  const { snapLength, filter, ringBytes, rotation, durationMs, spikes } = order;
  const source = openSource({
    interfaces,
    ringBytes,
    filter,
    ...(snapLength !== undefined && { snapLength }),
    onNotice: (text) => say(text),
  });
  const nowMs = () => performance.timeOrigin + performance.now();
  const cost = ownCost();
  let keeper: SpikeKeeper | undefined;
  try {
    const recorder = new Recorder({ ...rotation, source, folder, nowMs, application: `floodgate ${toolVersion}` });
    if (spikes)
      keeper = await SpikeKeeper.start({ ...spikes, recorder, folder: folder.folder, nowMs, say, toolVersion });
    say(beginning(interfaces, folder.folder, order, keeper));
    try {
      await recorder.run(signal, durationMs === undefined ? Number.POSITIVE_INFINITY : nowMs() + durationMs);
    } finally {
      await keeper?.finish();
    }
    sumUp(recorder, source, folder.folder, cost());
  } finally {
    keeper?.close();
    source.close();
  }
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

function beginning(
  interfaces: readonly string[],
  folder: string,
  { rotation }: Order,
  keeper: SpikeKeeper | undefined,
): string {
  const { fileBytes, fileMs, diskBytes } = rotation;
  const files = `files of ${formatBytes(fileBytes)} or ${fileMs / 1000} s, ${formatBytes(diskBytes)} in all`;
  return `recording ${interfaces.join(', ')} into ${folder}: ${files}${keeper ? `\n${keeper.describe()}` : ''}`;
}

function sumUp({ figures }: Recorder, source: FrameSource, folder: string, cost: string): void {
  const { frames, bytes, framesDropped, framesUnwritten, files, filesRemoved, diskBytes } = figures;
  const received = source.stats().reduce((sum, each) => sum + each.framesReceived, 0) + framesDropped;
  say(
    `${formatCount(frames)} frames, ${formatBytes(bytes)}, in ${formatCount(files)} files (${formatCount(filesRemoved)} removed since); ${formatBytes(diskBytes)} in ${folder}`,
  );
  const share = received === 0 ? 0 : framesDropped / received;
  say(
    `${formatCount(framesDropped)} frames dropped by the kernel (${formatShare(share)})${framesDropped > 0 ? ': a larger --ring-size, a --filter or a smaller --snap helps' : ''}`,
  );
  if (framesUnwritten > 0) say(`${formatCount(framesUnwritten)} frames had no room on the disk`);
  say(cost);
}

/** Of this process since now. */
function ownCost(): () => string {
  const before = process.cpuUsage();
  const startedMs = performance.now();
  return () => {
    const { user, system } = process.cpuUsage(before);
    const cpuMs = (user + system) / 1000;
    const elapsedMs = performance.now() - startedMs;
    const rss = formatBytes(process.resourceUsage().maxRSS * 1024);
    return `own cost: ${(cpuMs / 1000).toFixed(1)} s of CPU (${formatShare(cpuMs / elapsedMs)} of a core), ${rss} of memory at most, the ring included`;
  };
}

/** @throws FloodgateError `option-invalid` */
function orderOf(flags: RecordFlags) {
  const { interface: interfaces = [], load, target } = flags;
  if ((load === undefined) !== (target === undefined)) {
    throw refused(
      '--load and --target go together',
      'Example: --load "autocannon http://{host}:{port}/" --target "node server.js".',
    );
  }
  if ((load === undefined) === (interfaces.length === 0)) {
    throw load === undefined
      ? refused('there is nothing to record', 'Name an interface: -i eth0, or -i any.')
      : refused(
          '--interface does not go with --load',
          'Leave it out: the cable between the two namespaces is recorded.',
        );
  }
  const fileBytes = bytesOf(flags.fileSize, '--file-size', 64_000, 16e9);
  const diskBytes = bytesOf(flags.disk, '--disk', 256_000, 1e15);
  // The one being written, the one being removed, and one to look at.
  if (diskBytes < 3 * fileBytes + 1e6) {
    throw refused(
      `--disk ${flags.disk} is too little for three files of ${flags.fileSize} and 1 MB beside them`,
      `Example: --disk ${Math.ceil((3 * fileBytes + 1e6) / 1e6)}MB.`,
    );
  }
  const keepMs = msOf(flags.keep, '--keep', 1_000, 600_000);
  // Looked at in any case: what is wrong is wrong without --on-spike, too.
  const rule = parseSpikeRule(flags.spike);
  const profileEveryMs = msOf(flags.profileEvery, '--profile-every', 1_000, 86_400_000);
  const { onSpike, filter = null } = flags;
  return {
    interfaces,
    filter,
    snapLength:
      flags.snap === undefined ? undefined : parseWhole(flags.snap, '--snap', { min: 14, max: frameBytesMax }),
    ringBytes: bytesOf(flags.ringSize, '--ring-size', 512 << 10, 2 ** 30),
    rotation: { fileBytes, fileMs: msOf(flags.fileTime, '--file-time', 1_000, 86_400_000), diskBytes },
    durationMs: flags.duration === undefined ? undefined : msOf(flags.duration, '--duration', 100, 366 * 86_400_000),
    spikes:
      onSpike === undefined
        ? undefined
        : {
            ...{ text: onSpike, rule, keepMs, opensInspector: flags.profiles === true },
            ...{
              profileEveryMs,
              bytesMax: diskBytes / 2,
            },
          },
    between: load === undefined ? undefined : { load, target: target!, ready: flags.ready },
  };
}

function bytesOf(text: string, option: string, min: number, max: number): number {
  const bytes = Math.round(parseQuantity(text, option, 'bytes'));
  if (bytes >= min && bytes <= max) return bytes;
  throw refused(
    `${option}: "${text}" is not between ${formatBytes(min)} and ${formatBytes(max)}`,
    `Example: ${option} 64MB.`,
  );
}

function msOf(text: string, option: string, min: number, max: number): number {
  const ms = Math.round(parseQuantity(text, option, 'seconds') * 1000);
  if (ms >= min && ms <= max) return ms;
  throw refused(`${option}: "${text}" is not between ${min / 1000} s and ${max / 1000} s`, `Example: ${option} 60s.`);
}

function refused(message: string, hint: string): FloodgateError {
  return new FloodgateError('option-invalid', message, { hint });
}
