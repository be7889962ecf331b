/** `floodgate record`: a flight recorder. `--help` reads this: it imports little. */
import type { Command } from 'commander';
import type { RecordFlags } from './record-flags.ts';
import { repeated } from './repeated-option.ts';

const examples = `
Examples:
  floodgate record -i eth0 -o flight                                  the last 2 GB, until Ctrl-C
  floodgate record -i eth0 -o flight --filter "tcp port 8080" --snap 256 --disk 500MB
  floodgate record -i eth0 -o flight --on-spike 1234 --keep 30s       a process: keeps what came around a spike
  floodgate record -i eth0 -o flight --on-spike shop.service --spike +300MB
  floodgate record -i any -o flight --on-spike http://127.0.0.1:6060/debug/pprof   a Go program, with its profiles
  floodgate run flight/spike-20261129T203000Z                         replays and explains one
  floodgate record --load "autocannon -d 10 http://{host}:{port}/" --target "node server.js" -o made`;

export function addRecordCommand(command: Command): void {
  command
    .description(
      'Records interfaces into pcapng files, the oldest removed for the newest: so much disk and no more, readable after a kill. ' +
        'Beside a running process it keeps what came before and after a spike of its memory, as a folder that floodgate run replays.',
    )
    .option('-i, --interface <name>', 'interface to record, or any; may be repeated', repeated)
    .requiredOption('-o, --output <dir>', 'folder for the files: your own, or one that does not exist yet')
    .option('--filter <expression>', 'only these frames, in the language of pcap-filter(7)')
    .option('--snap <bytes>', 'of each frame only so many bytes')
    .option('--file-size <amount>', 'begins another file after so much', '64MB')
    .option('--file-time <time>', 'begins another file after so long', '60s')
    .option('--disk <amount>', 'of all files and spikes together', '2GB')
    .option(
      '--ring-size <amount>',
      'of the kernel’s ring for each interface: what waits while the disk is slow',
      '64MiB',
    )
    .option('--duration <time>', 'ends after so long (default: until Ctrl-C)')
    .option(
      '--on-spike <what>',
      'watches a PID, a systemd unit, a control group’s folder, or the URL of a Go pprof or a Node.js inspector',
    )
    .option('--spike <rule>', 'what a spike is: 1.5x or +200MB over the median of ten minutes, or 800MB', '1.5x')
    .option('--keep <time>', 'before a spike and after it', '30s')
    .option('--profiles', 'opens the inspector of a watched Node.js process (SIGUSR1) for profiles of both sides')
    .option('--profile-every <time>', 'between two profiles of what is alive, each of which costs a collection', '60s')
    .option('--load <command>', 'drives --target between two network namespaces; {host} and {port} are filled in')
    .option('--target <command>', 'the server that --load is sent at, started in a namespace of its own')
    .option('--ready <regex>', 'a line of the target’s output that says it is ready (default: it listens on a port)')
    .addHelpText('after', examples)
    .action(async (flags: RecordFlags) => {
      process.exitCode = await (await import('./perform-record.ts')).performRecord(flags);
    });
}
