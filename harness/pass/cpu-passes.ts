/** The passes that look at CPU time: V8's own profile of each phase, 0x's flame graph, clinic's doctor. */
import { copyFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Note } from '../../reports/model.ts';
import { byFunction, top } from '../profile/arithmetic.ts';
import { readCpuProfile } from '../profile/cpu-profile.ts';
import { projectRoot, writeProfileFile } from '../profile/files.ts';
import { type Profile, ProfileError, sumOf } from '../profile/profile.ts';
import { drawFlame, findClinic, findDoctorPage, findZeroX } from './instruments/cpu-tools.ts';
import type { PassKind, PassResult } from './pass.ts';

export type CpuPass = 'cpu' | 'flame' | 'doctor';

export interface CpuPassOptions {
  readonly wanted: readonly CpuPass[];
  /** The report's. */
  readonly folder: string;
  /** For the page of a flame graph. */
  readonly title: string;
  readonly signal: AbortSignal;
  readonly replay: (kind: PassKind) => Promise<PassResult>;
}

const functionsTold = 3;

/** @throws FloodgateError `NO_TOOL` before anything is started, where a tool is not installed */
export function checkCpuTools(wanted: readonly CpuPass[]): void {
  if (wanted.includes('flame')) findZeroX();
  if (wanted.includes('doctor')) findClinic();
}

/** Replays once for each, and says in words what came of it and where it lies. */
export async function runCpuPasses(options: CpuPassOptions): Promise<{ passes: PassResult[]; notes: Note[] }> {
  const passes: PassResult[] = [];
  const notes: Note[] = [];
  for (const kind of options.wanted) {
    if (options.signal.aborted) break;
    const pass = await options.replay(kind);
    passes.push(pass);
    if (kind === 'cpu') notes.push(...cpuNotes(pass, options.folder));
    else if (kind === 'flame') notes.push(await flameNote(options));
    else notes.push(doctorNote(options.folder));
  }
  return { passes, notes };
}

/** Where a pass of a kind keeps its own files. */
export function passFolder(folder: string, kind: PassKind): string {
  return path.join(folder, `pass-${kind}`);
}

function cpuNotes(pass: PassResult, folder: string): Note[] {
  const notes: Note[] = [];
  mkdirSync(path.join(folder, 'profiles'), { recursive: true });
  for (const { interval, phase = 'traffic' } of pass.intervals) {
    const written = pass.channel.cpu.find((each) => each.interval === interval);
    if (!written) continue;
    const name = `cpu-${interval}-${phase.replaceAll(/[^\w-]+/g, '-')}`;
    try {
      const profile = readCpuProfile(readFileSync(written.file, 'utf8'), { root: [projectRoot, process.cwd()] });
      writeProfileFile(folder, name, { ...profile, timeMs: pass.startedAtEpochMs + written.startMs });
      copyFileSync(written.file, path.join(folder, 'profiles', `${name}.cpuprofile`));
      notes.push({ severity: 'info', text: cpuWords(profile, phase, `profiles/${name}.cpuprofile`) });
    } catch (error) {
      if (!(error instanceof ProfileError) && (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      notes.push({ severity: 'warning', text: `CPU in phase ${phase}: the profile is broken (${error})` });
    } finally {
      rmSync(written.file, { force: true });
    }
  }
  if (notes.length === 0) notes.push({ severity: 'warning', text: 'The target gave no CPU profile.' });
  return notes;
}

/** `CPU in phase flood: 3.21 s of 13.0 s; agent/tcp/x.ts insert 21 %, …; profiles/….cpuprofile`. */
function cpuWords(profile: Profile, phase: string, file: string): string {
  const whole = sumOf(profile, 1);
  const seconds = (ms: number) => `${(ms / 1e3).toFixed(2)} s`;
  const functions = top(byFunction(profile), { type: 'cpu', rowsMax: functionsTold }).map(
    ({ file, functionName, self }) => `${file ? `${file} ` : ''}${functionName} ${Math.round((100 * self) / whole)} %`,
  );
  return `CPU in phase ${phase}: ${seconds(whole / 1e6)} of ${seconds(profile.durationMs)}; ${functions.join(', ')}; ${file}`;
}

async function flameNote({ folder, title }: CpuPassOptions): Promise<Note> {
  const { page, why } = await drawFlame(findZeroX(), passFolder(folder, 'flame'), title);
  return page
    ? { severity: 'info', text: `Flame graph by 0x: ${path.relative(folder, page)}` }
    : { severity: 'warning', text: `0x drew no flame graph: ${why}` };
}

function doctorNote(folder: string): Note {
  const page = findDoctorPage(passFolder(folder, 'doctor'));
  return page
    ? { severity: 'info', text: `clinic doctor: ${path.relative(folder, page)}` }
    : {
        severity: 'warning',
        text: 'clinic doctor left no page: it needs a target that ends by itself at SIGINT (and Node.js 20 or later).',
      };
}
