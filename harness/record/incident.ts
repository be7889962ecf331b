/** A spike as a folder: the traffic around it, profiles of both sides, what was watched, and a scenario that replays it. */
import { linkSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { formatBytes } from '../../reports/format.ts';
import type { CutOut, IncidentOrder } from './incident-thread.ts';
import { compactTime, makeNew } from './recording-folder.ts';
import type { SideProfile } from './side-profiles.ts';
import type { SpikeSeen } from './spike-watch.ts';
import type { Watched } from './watched.ts';

export interface IncidentFacts {
  /** Of the recorder. */
  readonly folder: string;
  /** Its files, the oldest first. */
  readonly files: readonly string[];
  readonly watched: Pick<Watched, 'name' | 'kind' | 'pid' | 'commandLine' | 'measure' | 'blind'>;
  readonly rule: string;
  readonly spike: SpikeSeen;
  readonly keepMs: number;
  readonly endMs: number;
  readonly readings: { readonly tMs: readonly number[]; readonly bytes: readonly number[] };
  readonly profiles: {
    readonly before?: SideProfile | undefined;
    readonly at?: SideProfile | undefined;
    readonly after?: SideProfile | undefined;
  };
  readonly framesDropped: number;
  readonly bytesMax: number;
  readonly toolVersion: string;
}

export interface Incident {
  readonly folder: string;
  readonly bytes: number;
  readonly frames: number;
}

/**
 * Writes the folder. The recorder may go on, and remove its files, meanwhile.
 * @throws Error where the disk has no room; nothing is left then
 */
export async function writeIncident(facts: IncidentFacts): Promise<Incident> {
  const name = `spike-${compactTime(facts.spike.startMs)}`;
  const folder = path.join(facts.folder, name);
  makeNew(folder);
  try {
    const traffic = await cutTraffic(facts, folder);
    const profiles = writeProfiles(facts, folder);
    const notes = notesOf(facts, traffic, Object.keys(profiles).length);
    const write = (file: string, text: string) =>
      writeFileSync(path.join(folder, file), text, { mode: 0o600, flag: 'wx' });
    write('scenario.yaml', scenarioText(facts, name));
    write('incident.json', `${JSON.stringify(manifest(facts, traffic, profiles, notes), null, 2)}\n`);
    write('README.md', readmeText(facts, name, traffic, notes));
    const profileBytes = Object.values(facts.profiles).reduce((sum, each) => sum + (each?.bytes.length ?? 0), 0);
    return { folder, bytes: traffic.bytes + profileBytes + facts.readings.tMs.length * 24, frames: traffic.frames };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Linked first: the recorder may remove its own names at any time. */
async function cutTraffic(facts: IncidentFacts, folder: string): Promise<CutOut> {
  const parts = path.join(folder, 'parts');
  makeNew(parts);
  for (const file of facts.files) {
    try {
      linkSync(path.join(facts.folder, file), path.join(parts, file));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  const order: IncidentOrder = {
    ...{ parts, output: path.join(folder, 'traffic.pcapng'), bytesMax: facts.bytesMax },
    fromMs: facts.spike.startMs - facts.keepMs,
    toMs: facts.endMs,
    comment: `around a spike of ${facts.watched.name}`,
  };
  const worker = new Worker(new URL(`./incident-thread${path.extname(import.meta.url)}`, import.meta.url), {
    workerData: order,
  });
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('the thread that cuts a spike out ended early')));
  });
}

function writeProfiles({ profiles }: IncidentFacts, folder: string): Record<string, string> {
  const files: Record<string, string> = {};
  for (const [side, profile] of Object.entries(profiles) as [string, SideProfile | undefined][]) {
    if (!profile) continue;
    mkdirSync(path.join(folder, 'profiles'), { recursive: true, mode: 0o700 });
    files[side] = `profiles/${side}.pb.gz`;
    writeFileSync(path.join(folder, files[side]), profile.bytes, { mode: 0o600, flag: 'wx' });
  }
  return files;
}

function notesOf(facts: IncidentFacts, traffic: CutOut, profiles: number): string[] {
  const { spike, keepMs, watched, framesDropped } = facts;
  const missingMs = traffic.firstMs === null ? 0 : traffic.firstMs - (spike.startMs - keepMs);
  return [
    ...(traffic.frames === 0
      ? ['no frame was recorded around the spike: is this the interface that its traffic takes?']
      : []),
    ...(missingMs > 1_000
      ? [
          `the first frame lies ${(missingMs / 1000).toFixed(1)} s behind the beginning that was asked for: nothing came before, or the recorder had begun later, or its disk holds no more`,
        ]
      : []),
    ...(framesDropped > 0
      ? [`the kernel dropped ${framesDropped} frames since the recorder began: some of them may be missing here`]
      : []),
    ...(traffic.framesLeftOut > 0
      ? [`${traffic.framesLeftOut} frames had no room: a spike may take half of --disk`]
      : []),
    ...traffic.faults.map((fault) => `not read: ${fault}`),
    ...(watched.blind === '' ? [] : [watched.blind]),
    ...(watched.blind === '' && profiles < 3 ? ['a profile is missing: see which under profiles'] : []),
  ];
}

/**
 * What the rule says as a limit: the replay that provokes the spike breaks it, and is explained. What is watched was at its usual level; what is
 * replayed at begins idle. So a rise is held against a rise, and only a level that was asked for as such against a level.
 */
function scenarioText({ spike, watched, rule }: IncidentFacts, name: string): string {
  const isLevel = !/[+x×]/i.test(rule);
  const [metric, bytes] = isLevel ? ['rss.max', spike.levelBytes] : ['rss.rise', spike.levelBytes - spike.usualBytes];
  return [
    `name: ${name}`,
    `summary: ${JSON.stringify(`${watched.name}: ${formatBytes(spike.usualBytes)} usual, ${formatBytes(spike.topBytes)} at the top`.slice(0, 200))}`,
    `about: ${JSON.stringify(`Recorded around a rise of the ${watched.measure} (rule ${rule}).`)}`,
    'capture: traffic.pcapng',
    'budgets:',
    '  # Where the recorder called it a spike: a replay that provokes it breaks this.',
    `  ${metric}: ${Math.round(bytes as number)}`,
    '',
  ].join('\n');
}

function manifest(facts: IncidentFacts, traffic: CutOut, profiles: Record<string, string>, notes: readonly string[]) {
  const { rule, spike, keepMs, endMs, readings, framesDropped, toolVersion } = facts;
  const { name, kind, pid, commandLine, measure } = facts.watched;
  const watched = { name, kind, pid, commandLine, measure };
  return {
    ...{ version: 1, toolVersion, watched, rule },
    spike: { ...spike, endMs },
    keepMs,
    traffic: { file: 'traffic.pcapng', ...traffic },
    framesDropped,
    profiles,
    notes,
    memory: readings,
  };
}

function readmeText(
  { watched, spike, profiles }: IncidentFacts,
  name: string,
  traffic: CutOut,
  notes: readonly string[],
): string {
  const command = watched.commandLine.join(' ');
  return `# A spike of ${watched.name}

${new Date(spike.startMs).toISOString()}: ${formatBytes(spike.usualBytes)} usual, ${formatBytes(spike.topBytes)} at the top
(${watched.measure}). ${traffic.frames} frames around it are in traffic.pcapng, verbatim: scrub them before you share them
(\`floodgate scrub traffic.pcapng shared.pcapng\`).
${command === '' ? '' : `\nWatched was: \`${command.replaceAll('`', "'")}\`\n`}
Replay it from the folder above:

    floodgate run ${name}                                    at floodgate's own agent
    floodgate minimize ${name} -o small.pcap                 the smallest capture that still does it
    floodgate run ${name} --target "COMMAND {interface}"    at another program that captures
    floodgate run ${name}/traffic.pcapng --requests --target "node server.js"   its requests alone, at a service
${profiles.before && profiles.at ? '\n    floodgate diff profiles/before.pb.gz profiles/at.pb.gz      what was alive at the spike and not before\n' : ''}${notes.map((note) => `\n- ${note}`).join('')}
`;
}
