/** `floodgate edit`: a capture, edited and impaired, into a file: in constant memory, whatever its size. */
import path from 'node:path';
import type { Command } from 'commander';
import { FloodgateError } from '../../agent/errors.ts';
import { formatCount } from '../../reports/format.ts';
import { exitCodeOf } from '../metrics/exit-codes.ts';
import { parseWhole } from '../metrics/quantity.ts';
import { openTraffic } from '../traffic/open-traffic.ts';
import type { TrafficOrder } from '../traffic/traffic-order.ts';
import { writeCapture } from './capture-output.ts';
import { DraftFile } from './draft-file.ts';
import { checkOutputs } from './file-clash.ts';
import { openSession } from './session.ts';
import { addTrafficOptions, editOrderOf, impairOrderOf, type TrafficFlags } from './traffic-flags.ts';

interface Flags extends TrafficFlags {
  readonly impairOut?: string;
  readonly seed: string;
  readonly loop: string;
}

const examples = `
Examples:
  floodgate edit prod.pcapng.zst part.pcapng --from 10s --to 40s --filter "tcp port 8080"
  floodgate edit dump.pcap anonymous.pcap --map 10.1.0.0/16=172.16.0.0 --mac 02:11:22:33:44:55=02:00:00:00:00:01
  floodgate edit offload.pcap wire.pcap --mtu 1500 --fix-checksums
  floodgate edit a.pcap b.pcap.gz both.pcapng                     several on one clock
  floodgate edit prod.pcap worse.pcap --impair gemodel=1%/20%,reorder=2%/50 --impair-out worse.impair.jsonl
  tcpdump -w - -c 10000 | floodgate edit - - --limit 500 | floodgate-agent --read -`;

export function addEditCommand(command: Command): void {
  command
    .description(
      'Reads captures (pcap, pcapng, in gzip or zstd, of any link type; - is standard input), edits and impairs their frames, ' +
        'and writes them as Ethernet: pcapng, or pcap where the name says so, compressed where it says so.',
    )
    .argument('<files...>', 'captures to read, and the file to write: IN [IN…] OUT');
  addTrafficOptions(command);
  command
    .option('--impair-out <file>', 'where the applied schedule is written (.impair.jsonl)')
    .option('--seed <n>', 'of every random choice', '1')
    .option('--loop <n>', 'the traffic so many times over, each time between other addresses', '1')
    .addHelpText('after', examples)
    .action(async (files: readonly string[], flags: Flags) => {
      await edit(files.slice(0, -1), files.at(-1)!, flags);
    });
}

async function edit(inputs: readonly string[], output: string, flags: Flags): Promise<void> {
  const order = orderOf(inputs, output, flags);
  const { signal } = await openSession();
  const schedule = flags.impairOut === undefined ? undefined : new DraftFile(flags.impairOut);
  try {
    const input = { isIdle: false };
    const traffic = await openTraffic(withSchedule(order, schedule), input);
    try {
      const written = await writeCapture(traffic, output, 'floodgate edit', signal, input);
      if (written === undefined) {
        const left = output === '-' ? 'what was written is a part' : `${output} was not written`;
        process.stderr.write(`floodgate: interrupted: ${left}\n`);
        process.exitCode = 3;
        return;
      }
      schedule?.keep();
      process.stderr.write(`${formatCount(written)} frames in ${output === '-' ? 'standard output' : output}\n`);
      if (written === 0) {
        process.stderr.write('floodgate: no frame was left (--filter, --from, --to, --impair, or an empty capture)\n');
        process.exitCode = exitCodeOf([{ state: 'undecided' }]);
      }
      for (const { kind, description, frames, isIncomplete } of traffic.impairments) {
        process.stderr.write(`  ${kind}: ${description} (${formatCount(frames)} frames)\n`);
        // OUT is whole, and what should be in it is not.
        if (isIncomplete) process.exitCode = exitCodeOf([{ state: 'undecided' }]);
      }
    } finally {
      traffic.close();
    }
  } finally {
    schedule?.discard();
  }
}

function withSchedule(order: TrafficOrder, schedule: DraftFile | undefined): TrafficOrder {
  if (!schedule || !order.impair) return order;
  return { ...order, impair: { ...order.impair, scheduleFile: path.resolve(schedule.path) } };
}

function orderOf(inputs: readonly string[], output: string, flags: Flags): TrafficOrder {
  const [first, ...more] = [...inputs, ...(flags.merge ?? [])];
  if (first === undefined) {
    throw new FloodgateError('option-invalid', `there is nothing to read: ${output} is the file to write`, {
      hint: 'Write floodgate edit IN OUT.',
    });
  }
  const seed = parseWhole(flags.seed, '--seed', { min: 0, max: 0xffff_ffff });
  const loops = parseWhole(flags.loop, '--loop', { min: 1, max: 1_000_000 });
  const impair = impairOrderOf(flags, seed);
  const { impairOut, impairFile } = flags;
  checkOutputs([first, ...more, ...(impairFile ? [impairFile] : [])], [output, ...(impairOut ? [impairOut] : [])]);
  if ([first, ...more].filter((input) => input === '-').length > (loops > 1 ? 0 : 1)) {
    throw new FloodgateError('option-invalid', 'standard input can be read once', {
      hint: 'Put it into a file first.',
    });
  }
  if (impairOut === '-') {
    throw new FloodgateError('option-invalid', '--impair-out takes a file, and "-" names none', {
      hint: 'Write for example --impair-out worse.impair.jsonl; /dev/stdout is standard output where OUT is a file.',
    });
  }
  if (impairOut !== undefined && !impair) {
    throw new FloodgateError('option-invalid', '--impair-out: nothing is impaired', { hint: 'Add --impair loss=1%.' });
  }
  return {
    kind: 'recording',
    path: first,
    merge: more,
    loops,
    edit: editOrderOf(flags),
    impair,
  };
}
