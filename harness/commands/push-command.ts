/** `floodgate push`: profiles of a run, or one file, to a store of profiles. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { type Command, Option } from 'commander';
import { FloodgateError } from '../../agent/errors.ts';
import { type RunReport, runsOf } from '../../reports/model.ts';
import { readPprof } from '../profile/pprof.ts';
import type { Profile } from '../profile/profile.ts';
import { withoutSecrets } from '../requests/shown-command.ts';
import { readAnyProfile } from './profile-input.ts';
import { type PushedProfile, type PushOrder, type PushProtocol, pushProfile, pushProtocols } from './profile-push.ts';
import { repeated } from './repeated-option.ts';
import { readReportFolder } from './report-command.ts';

interface Flags {
  readonly protocol?: PushProtocol;
  readonly header?: readonly string[];
  readonly label?: readonly string[];
  readonly service?: string;
}

/** Headers that must not stand on a command line, one a line. */
const headersVariable = 'FLOODGATE_PUSH_HEADERS';
const serviceDefault = 'floodgate';
/** A profile that says no time of its own is one of now. */
const epochMsMin = Date.UTC(2000);

const examples = `
Sent as pprof: to Pyroscope by its push.v1 interface, to Parca by
profiles/writeraw. Headers that are secret belong into
${headersVariable} (one "Name: value" a line), or credentials into
the address; neither is ever shown.

Examples:
  floodgate push runs/latest http://localhost:4040                  a run's profiles to Pyroscope
  floodgate push heap.pb.gz http://localhost:7070 --label env=test  one file to Parca
  floodgate push runs/latest https://profiles.example/ --header "X-Scope-OrgID: team-a"`;

export function addPushCommand(command: Command): void {
  command
    .description('Sends the profiles of a run, or one profile of any format, to a store of profiles.')
    .argument('<profile>', 'folder of a run, or a profile')
    .argument('<url>', 'address of the store')
    .addOption(new Option('--protocol <name>', 'default: parca at port 7070, else pyroscope').choices(pushProtocols))
    .option('--service <name>', `service_name of all (default: the target of a run, or ${serviceDefault})`)
    .option('--label <name=value>', 'a label more; may be repeated', repeated)
    .option('--header <header>', 'sent with every request, "Name: value"; may be repeated', repeated)
    .addHelpText('after', examples)
    .action(async (source: string, url: string, flags: Flags) => {
      const abort = new AbortController();
      process.once('SIGINT', () =>
        abort.abort(new FloodgateError('interrupted', 'interrupted', { hint: '', exitCode: 3 })),
      );
      const order = orderOf(url, flags.header ?? [], flags.protocol, abort.signal);
      const pushed = statIsFolder(source)
        ? profilesOfRun(source, flags.service)
        : [profileOfFile(source, flags.service)];
      const labels = labelsOf(flags.label ?? []);
      process.stdout.write(`${await pushAll(order, pushed, labels)}\n`);
    });
}

/** Pushes what a run's folder holds; for `run --push`. @returns what was done, in words @throws FloodgateError */
export function pushRun(folder: string, url: string, signal: AbortSignal): Promise<string> {
  return pushAll(orderOf(url, [], undefined, signal), profilesOfRun(folder, undefined), {});
}

async function pushAll(
  order: PushOrder,
  all: readonly PushedProfile[],
  labels: Record<string, string>,
): Promise<string> {
  let samples = 0;
  for (const each of all) {
    checkPositive(each.profile);
    await pushProfile(order, { ...each, labels: { ...each.labels, ...labels } });
    samples += each.profile.parent.length - 1;
  }
  return `pushed ${all.length} ${all.length === 1 ? 'profile' : 'profiles'} (${samples} call paths) to ${withoutSecrets(order.url)}`;
}

function orderOf(
  url: string,
  given: readonly string[],
  protocol: PushProtocol | undefined,
  signal: AbortSignal,
): PushOrder {
  const headers: Record<string, string> = {};
  for (const line of [...(process.env[headersVariable] ?? '').split('\n').filter(Boolean), ...given]) {
    const [, name, value] = /^([!#$%&'*+.^_`|~\w-]+):\s*([^\r\n]*)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) {
      // What it says may be secret.
      throw new FloodgateError('option-invalid', 'a header is not of the form "Name: value"', {
        hint: 'Example: --header "X-Scope-OrgID: team-a".',
      });
    }
    headers[name.toLowerCase()] = value;
  }
  return { url, protocol, headers, signal };
}

function labelsOf(given: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    given.map((text) => {
      const at = text.indexOf('=');
      if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
      throw new FloodgateError('option-invalid', `--label: "${text}" is not NAME=VALUE`, {
        hint: 'Example: --label env=test.',
      });
    }),
  );
}

function statIsFolder(file: string): boolean {
  return existsSync(file) && statSync(file).isDirectory();
}

function profileOfFile(file: string, service = serviceDefault): PushedProfile {
  return { profile: atTime(readAnyProfile(file), Date.now()), labels: { file: path.basename(file) }, service };
}

/** @throws FloodgateError `profile-missing` where the run has none */
function profilesOfRun(folder: string, service: string | undefined): PushedProfile[] {
  const found = runsOf(readReportFolder(folder)).flatMap((run) => [
    ...spikeProfiles(folder, run, service),
    ...cpuProfiles(folder, run, service),
  ]);
  if (found.length > 0) return found;
  throw new FloodgateError('profile-missing', `the run in ${folder} has no profile to push`, {
    hint: 'Run it again with --explain or --cpu.',
  });
}

function spikeProfiles(folder: string, run: RunReport, service: string | undefined): PushedProfile[] {
  return run.spikes.flatMap((spike, index) =>
    spike.profiles
      .filter(({ format }) => format === 'pprof')
      .map(({ file, kind, role, startMs }) => ({
        profile: atTime(readPprof(readFileSync(path.join(folder, file))), Date.parse(run.startedAt) + startMs),
        labels: { ...labelsOfRun(run), kind, role, spike: String(index + 1) },
        service: service ?? run.target.name,
      })),
  );
}

function cpuProfiles(folder: string, run: RunReport, service: string | undefined): PushedProfile[] {
  const place = path.join(folder, 'profiles');
  const files = statIsFolder(place) ? readdirSync(place) : [];
  return files.flatMap((file) => {
    const [, phase] = /^cpu-\d+-(.*)\.pb\.gz$/.exec(file) ?? [];
    if (phase === undefined) return [];
    const profile = atTime(readPprof(readFileSync(path.join(place, file))), Date.parse(run.startedAt));
    return [{ profile, labels: { ...labelsOfRun(run), kind: 'cpu', phase }, service: service ?? run.target.name }];
  });
}

function labelsOfRun(run: RunReport): Record<string, string> {
  const { name, defect } = run.scenario;
  return { scenario: name, lane: run.lane, ...(defect !== null && { defect }) };
}

/** Times of a run's profiles count from its start; stores want the calendar's. */
function atTime(profile: Profile, epochMs: number): Profile {
  return profile.timeMs >= epochMsMin ? profile : { ...profile, timeMs: epochMs };
}

function checkPositive(profile: Profile): void {
  if (!profile.self.some((column) => column.some((value) => value < 0))) return;
  throw new FloodgateError(
    'profile-missing',
    'a difference of two profiles is no profile of its own: stores take none',
    {
      hint: 'Push both, and let the store compare them.',
    },
  );
}
