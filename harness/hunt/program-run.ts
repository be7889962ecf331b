/** One trial of a hunt: `floodgate run` of a program, and what it measured. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { AgentLimits } from '../../agent/limits.ts';
import { errorSentence } from '../compare/floodgate-process.ts';
import { endWords, runReported } from '../compare/run-process.ts';
import type { Lane } from '../scenario/scenario.ts';
import { readStatsFile } from '../watch/stats-file.ts';
import { amountsOf, type Measured } from './measures.ts';
import { type Program, scenarioText } from './program.ts';

export interface HuntSetting {
  /** Of `floodgate run`, beside the program and the lane: a defect, an agent. */
  readonly words: readonly string[];
  readonly limits: AgentLimits;
  readonly signal: AbortSignal;
  /** One that takes longer has found something by that. */
  readonly timeoutMs: number;
}

export interface Trial {
  readonly bytesSent: number;
  readonly amounts: ReturnType<typeof amountsOf>;
  readonly sites: Readonly<Record<string, number>> | undefined;
  /** First suspects of spikes, then the call site that allocated most, where the run was explained. */
  readonly suspects: readonly string[];
  readonly failure: string;
}

/** Sampled every so many bytes. */
const siteSample = '32KiB';
/** Of a run that did not come to its traffic. */
const startsMax = 3;

/** What a trial is looked at for: `sites` are a replay more; `explained` several, for who holds what is in memory. */
export type Looks = 'once' | 'sites' | 'explained';

/** @param folder for the trial's own files; removed after it */
export async function runProgram(
  setting: HuntSetting,
  program: Program,
  { lane, looks, folder }: { readonly lane: Lane; readonly looks: Looks; readonly folder: string },
): Promise<Trial> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  try {
    const file = path.join(folder, 'program.yaml');
    writeFileSync(file, scenarioText(program, { name: 'program', summary: 'a program of a hunt' }));
    const sites = looks === 'once' ? [] : ['--sites', siteSample];
    const explaining = looks === 'explained' ? '--explain' : '--no-explain';
    const words = [file, ...setting.words, '--size', String(program.bytes), '--lane', lane, explaining, ...sites];
    return await measured(setting, words, path.join(folder, 'run'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measured(
  { signal, timeoutMs, limits }: HuntSetting,
  words: readonly string[],
  out: string,
): Promise<Trial> {
  const late = AbortSignal.timeout(timeoutMs);
  const run = () =>
    runReported({ ...{ arguments: words, folder: undefined, out }, signal: AbortSignal.any([signal, late]) });
  let end = await run();
  // Without a report nothing was sent: an agent that was not ready in time says something of the machine, not of the traffic.
  for (let tries = 1; !end.report && tries < startsMax && !late.aborted && !signal.aborted; tries += 1) {
    rmSync(out, { recursive: true, force: true });
    end = await run();
  }
  const nothing = { bytesSent: 0, amounts: {}, sites: undefined, suspects: [] };
  if (late.aborted) return { ...nothing, failure: `it took longer than ${Math.round(timeoutMs / 1000)} s` };
  if (!end.report) return { ...nothing, failure: errorSentence(end.errors) ?? endWords(end.code) };
  const { report } = end;
  const measuredRun: Measured = { report, stats: readStatsFile(path.join(out, 'pass-measure', 'agent-stats.jsonl')) };
  const sites = readSites(path.join(out, 'sites.json'));
  // Where nothing stands out as a spike, whoever allocates most.
  const [most] = Object.entries(sites ?? {}).sort(([, a], [, b]) => b - a);
  const suspects = [
    ...report.spikes.flatMap((spike) => spike.suspects.slice(0, 1).map(siteOf)),
    ...(most ? [most[0]] : []),
  ];
  return {
    bytesSent: report.ledger?.bytesSent ?? 0,
    amounts: amountsOf(measuredRun, limits),
    sites,
    suspects,
    // A target that died says what it held by then; that it died comes first.
    failure: measuredRun.stats.final === undefined ? report.verdict.headline : '',
  };
}

interface Site {
  readonly file: string;
  readonly functionName: string;
  readonly selfBytes: number;
}

/** `assembler.ts#queuePages`; a private function has its own `#`. */
function siteOf({ file, functionName }: Pick<Site, 'file' | 'functionName'>): string {
  return `${file || 'the runtime'}${functionName.startsWith('#') ? '' : '#'}${functionName}`;
}

function readSites(file: string): Record<string, number> | undefined {
  if (!existsSync(file)) return undefined;
  const { sites } = JSON.parse(readFileSync(file, 'utf8')) as { sites: readonly Site[] };
  const bytes: Record<string, number> = {};
  for (const site of sites) bytes[siteOf(site)] = (bytes[siteOf(site)] ?? 0) + site.selfBytes;
  return bytes;
}
