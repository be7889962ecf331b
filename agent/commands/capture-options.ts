/** The options of the capturing agent, as the command line, the environment and a configuration file give them. */
import { type Command, Help, Option } from 'commander';
import { helpLayout } from '../help-layout.ts';
import { type Stage, stages } from '../stage.ts';
import {
  type NetworkPolicyName,
  networkPolicies,
  type OverlapPolicyName,
  overlapPolicies,
  type UrgentPolicyName,
  urgentPolicies,
} from '../tcp/limits.ts';
import { OBFUSCATION_MODES, type ObfuscationMode } from '../witness/obfuscation-mode.ts';
import { addChoices, addUpload, type DeliveryFlags } from './delivery-options.ts';
import { addOptionsOf, OptionDrafts } from './environment.ts';
import {
  collect,
  type ListenAddress,
  parseCount,
  parseCpu,
  parseListen,
  parseMilliseconds,
  parseSeconds,
  parseSize,
  parseWorkers,
} from './option-values.ts';

export interface CaptureFlags extends DeliveryFlags {
  config?: string;
  read?: string;
  interface?: string[];
  filter?: string;
  snapLength?: number;
  ringSize?: number;
  workers?: number;
  promiscuous: boolean;
  direction: 'in' | 'out' | 'both';
  separateNetworks?: NetworkPolicyName;
  urgentData?: UrgentPolicyName;
  overlap?: OverlapPolicyName;
  verifyChecksums?: boolean;
  user?: string;
  messages?: string;
  har?: string;
  witnesses?: string;
  dedup?: boolean;
  obfuscate: ObfuscationMode;
  stats?: string;
  statsIntervalMs?: number;
  observeListen?: ListenAddress;
  until?: Stage;
  cpu?: number;
  memory?: number;
  memoryCeiling?: number;
  pages?: number;
  pagesPerConnection?: number;
  streams?: number;
  streamTimeoutSeconds?: number;
  ackSlack?: number;
  maxHttpLength?: number;
  maxDecodedLength?: number;
  lockstep?: boolean;
}

/** Whether a recorded file is read from its beginning to its end, as fast as it goes: what start-up costs counts then. */
export function readsFile(flags: CaptureFlags): boolean {
  return flags.read !== undefined && flags.read !== '-';
}

/** Where the pipeline ends: what nothing is made of is not looked at. */
export function lastStage({ until, upload, witnesses }: CaptureFlags): Stage {
  return until ?? (witnesses === undefined && upload === undefined ? 'http' : 'witnesses');
}

/** Adds the options to a command; every one can also be an environment variable. */
export function addCaptureOptions(command: Command): Command {
  const drafts = new OptionDrafts();
  addSources(drafts);
  addChoices(drafts);
  addOutputs(drafts);
  addUpload(drafts);
  addBounds(drafts);
  addOptionsOf(drafts, command);
  // Its seeds are known to all: neither help nor environment lead here.
  command.addOption(new Option('--lockstep', 'for measurements: everything goes by the bytes of --read -').hideHelp());
  return command.configureHelp({ ...helpLayout, optionDescription: describeOption }).addHelpText('after', examples);
}

/** Without the environment variable: the help says once how they are all named. */
export function describeOption(this: Help, option: Option): string {
  const { envVar: _, ...shown } = option;
  return Help.prototype.optionDescription.call(this, Object.assign(new Option(option.flags), shown));
}

function addSources(drafts: OptionDrafts): void {
  drafts
    .optionsGroup('Where frames come from:')
    .option('-r, --read <file>', 'a pcap or pcapng file, also in gzip or zstd; - for standard input')
    .option('-i, --interface <name>', 'a network interface; may be repeated; any for all', collect)
    .option('-f, --filter <expression>', 'only frames that match, in the language of pcap-filter(7)')
    .option('--snap-length <bytes>', 'bytes kept of each frame (default: 256KiB, all of it)', parseSize)
    .option('--ring-size <size>', 'kernel buffer of each interface (default: 16MiB, less of many)', parseSize)
    .option('--workers <count>', 'threads that share the traffic of the interfaces by flow (default: 1)', parseWorkers)
    .option('--no-promiscuous', 'only frames addressed to this host')
    .addOption(
      new Option(
        '--separate-networks <when>',
        'same addresses in two VLANs or VXLANs: where numbers say two connections',
      )
        .choices(Object.keys(networkPolicies))
        .default('auto'),
    )
    .addOption(
      new Option('--urgent-data <policy>', 'the byte that TCP’s urgent pointer names leaves the stream, or stays')
        .choices(Object.keys(urgentPolicies))
        .default('out-of-band'),
    )
    .addOption(
      new Option('--overlap <which>', 'bytes that count where a range waits for a gap and comes again with others')
        .choices(Object.keys(overlapPolicies))
        .default('first'),
    )
    .option('--verify-checksums', 'leave out segments with a wrong TCP checksum; not where a card makes them')
    .addOption(new Option('--direction <which>', 'frames seen').choices(['in', 'out', 'both']).default('both'))
    .option('--user <name>', 'who to run as once the interfaces are open (default, as root: nobody; root keeps root)')
    .option('--config <file>', 'YAML: names of these options without --, and their values');
}

function addOutputs(drafts: OptionDrafts): void {
  drafts
    .optionsGroup('What it writes:')
    .option('--print', 'a line for each exchange, for people, on standard output')
    .option('--messages <file>', 'a JSON line for each HTTP message; - for standard output')
    .option('--har <file>', 'exchanges with headers and bodies, as HTTP Archive 1.2')
    .option('--witnesses <file>', 'exchanges as typed values, in binary (see floodgate-agent inspect)')
    .option('--dedup', 'witnesses with the same digest once only')
    .addOption(
      new Option(
        '--obfuscate <mode>',
        'what outputs hold of values: secrets redacted, all zeroed, all hashed, everything',
      )
        .choices(OBFUSCATION_MODES)
        .default('redact'),
    )
    .option('--stats <file>', 'every counter, as JSON, at the end; - for standard output')
    .option('--stats-interval-ms <ms>', '… and one JSON line at this interval', parseMilliseconds)
    .option('--observe-listen <address>', 'serve /metrics and /debug/pprof/ there, e.g. 127.0.0.1:6060', parseListen)
    .addOption(
      new Option('--until <stage>', 'end the pipeline after this stage and discard what it delivers').choices(stages),
    );
}

function addBounds(drafts: OptionDrafts): void {
  drafts
    .optionsGroup('How much it may take:')
    .option(
      '--cpu <share>',
      'of a core, e.g. 50%: beyond it witnesses of some exchanges only, live (default: the control group’s, or all)',
      parseCpu,
    )
    .option(
      '--memory <size>',
      'the figure all limits are derived from (default: 200MB, less where the control group allows less)',
      parseSize,
    )
    .option(
      '--memory-ceiling <size>',
      'resident memory at which it gives up, with exit code 4 (default: printed at start)',
      parseSize,
    )
    .option('--pages <count>', 'pages of 2 KiB for bytes waiting behind gaps, all interfaces together', parseCount)
    .option(
      '--pages-per-connection <count>',
      'of which one direction of one connection may hold (default: 3072)',
      parseCount,
    )
    .option('--streams <count>', 'connections watched at one time', parseCount)
    .option('--stream-timeout-seconds <seconds>', 'how long a gap is waited for (default: 10)', parseSeconds)
    .option(
      '--ack-slack <packets>',
      'packets to wait after the receiver acknowledged bytes not seen, and 50 ms at least (default: 64)',
      parseCount,
    )
    .option('--max-http-length <size>', 'body bytes read of one message (default: 10MiB)', parseSize)
    .option('--max-decoded-length <size>', 'the same after decompression (default: 10MB)', parseSize);
}

const examples = `
Examples:
  A recorded capture, one line for each message:
    floodgate-agent --read traffic.pcapng --messages -
  Live, only port 80, with every counter at the end:
    sudo floodgate-agent --interface eth0 --filter 'tcp port 80' --messages messages.jsonl --stats stats.json
  For any HAR viewer, secrets redacted; with metrics and profiles on loopback:
    sudo floodgate-agent --interface any --har traffic.har --observe-listen 127.0.0.1:6060
    go tool pprof http://127.0.0.1:6060/debug/pprof/allocs?seconds=10
  A flood, by four threads:
    sudo floodgate-agent --interface eth0 --workers 4 --witnesses traffic.witnesses --dedup
    floodgate-agent inspect traffic.witnesses
  What passes, to look at; no health checks, at most 100 a minute:
    sudo floodgate-agent --interface eth0 --print --exclude-path '^/health' --rate-limit 100
  Different witnesses to a server, kept on disk while it is away:
    floodgate-agent collect --listen 127.0.0.1:8700 --store witnesses.sqlite --print
    sudo floodgate-agent --interface eth0 --dedup --upload http://127.0.0.1:8700/v1/witnesses --spool /var/spool/floodgate

Expressions match anywhere unless held by ^ and $; a path as it was sent, without its query; a host without port, in any
case. Their syntax is RE2’s (https://github.com/google/re2/wiki/Syntax): matching takes time that grows with the text only, and
nothing that needs backtracking is taken. One that begins with - is written --allow-path=-…

Sizes are bytes, or 200MB, 64MiB and the like. Counts without a default come from --memory; the sum is printed at start.

Every option is also an environment variable: --stats-interval-ms is FLOODGATE_AGENT_STATS_INTERVAL_MS;
those without a value are true or false: FLOODGATE_AGENT_PRINT=true. An empty variable counts as none.
The command line wins over the environment, which wins over --config.
Exit codes: 0 done (also after Ctrl-C), 2 could not run or could not go on, 4 memory ceiling reached, 5 done, but
witnesses that were to be uploaded are lost: refused by the server, or not taken by it and not kept by a --spool.`;
