/** V8's own CPU profile, one for each phase of the traffic. */
import { copyFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Note } from '../../../reports/model.ts';
import { byFunction, top } from '../../profile/arithmetic.ts';
import { readCpuProfile } from '../../profile/cpu-profile.ts';
import { projectRoot, writeProfileFile } from '../../profile/files.ts';
import { type Profile, ProfileError, sumOf } from '../../profile/profile.ts';
import type { CpuInterval } from '../../watch/preload-channel.ts';
import type { PassResult } from '../pass-result.ts';
import { type Instrument, samplerCeilingBytes } from './instrument.ts';

const sampleUs = 1_000;
const takeTimeoutMs = 10_000;
/** Named in the note of a phase. */
const functionsShown = 3;

export const cpuProfile: Instrument = {
  kind: 'cpu',
  activity: 'replaying with CPU profiles',
  disturbs: true,
  needsNode: true,
  holdsTraffic: false,
  use: {
    take: (channel, interval) => channel.cut(interval, takeTimeoutMs),
    oncePerPhase: true,
    everyInterval: false,
    isLevel: false,
  },
  start: (folder) => ({ preload: { cpu: { sampleUs, folder } } }),
  describe: (usual) => [...usual, `V8 CPU profile, a stack each ${sampleUs / 1e3} ms, one a phase`],
  ceilingBytes: samplerCeilingBytes,
  aim: () => ({ frameMarks: [] }),
  bring: (pass, { folder }) => ({ notes: phaseNotes(pass, folder) }),
};

function phaseNotes(pass: PassResult, folder: string): Note[] {
  const notes = pass.intervals.flatMap(({ interval, phase = 'traffic' }) => {
    const written = pass.channel.cpu.find((each) => each.interval === interval);
    return written ? [phaseNote(written, phase, pass.startedAtEpochMs, folder)] : [];
  });
  return notes.length > 0 ? notes : [{ severity: 'warning', text: 'The target gave no CPU profile.' }];
}

/** Keeps the profile of a phase in the report's folder, as pprof and as V8 wrote it. */
function phaseNote(written: CpuInterval, phase: string, startedAtEpochMs: number, folder: string): Note {
  const name = `cpu-${written.interval}-${phase.replaceAll(/[^\w-]+/g, '-')}`;
  try {
    const profile = readCpuProfile(readFileSync(written.file, 'utf8'), { root: [projectRoot, process.cwd()] });
    writeProfileFile(folder, name, { ...profile, timeMs: startedAtEpochMs + written.startMs });
    mkdirSync(path.join(folder, 'profiles'), { recursive: true, mode: 0o700 });
    copyFileSync(written.file, path.join(folder, 'profiles', `${name}.cpuprofile`));
    return { severity: 'info', text: phaseWords(profile, phase, `profiles/${name}.cpuprofile`) };
  } catch (error) {
    if (!(error instanceof ProfileError) && (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return { severity: 'warning', text: `CPU in phase ${phase}: the profile is broken (${error})` };
  } finally {
    rmSync(written.file, { force: true });
  }
}

/** `CPU in phase flood: 3.21 s of 13.0 s; agent/tcp/x.ts insert 21 %, …; profiles/….cpuprofile`. */
function phaseWords(profile: Profile, phase: string, file: string): string {
  const whole = sumOf(profile, 1);
  const seconds = (ms: number) => `${(ms / 1e3).toFixed(2)} s`;
  const functions = top(byFunction(profile), { type: 'cpu', rowsMax: functionsShown }).map(
    ({ file, functionName, self }) => `${file ? `${file} ` : ''}${functionName} ${Math.round((100 * self) / whole)} %`,
  );
  return `CPU in phase ${phase}: ${seconds(whole / 1e6)} of ${seconds(profile.durationMs)}; ${functions.join(', ')}; ${file}`;
}
