/** A hunt as `floodgate hunt` asks for it; what is written and printed of it. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { FloodgateError } from '../../agent/errors.ts';
import { deriveLimits } from '../../agent/limits.ts';
import { formatBytes, formatCount, formatDuration, printable } from '../../reports/format.ts';
import { tableLines } from '../../reports/text-table.ts';
import { type Finding, type Hunted, hunt } from '../hunt/hunt.ts';
import { type Program, scenarioText } from '../hunt/program.ts';
import { parseWhole } from '../metrics/quantity.ts';
import { defectArguments } from '../scenario/catalogue.ts';
import { enterNamespace } from './enter-namespace.ts';
import { guard } from './report-folder.ts';
import { endOf, jobsOf, makeSearchFolder } from './search-flags.ts';
import { createSearchProgress } from './search-progress.ts';
import { openSession } from './session.ts';

export interface HuntFlags {
  readonly minutes: string;
  readonly trials?: string;
  readonly seed: string;
  readonly defect?: string;
  readonly agent?: string;
  readonly agentUntil: string;
  readonly jobs?: string;
  readonly confirm: boolean;
  readonly out?: string;
}

/** A program of a few megabytes takes seconds. */
const trialTimeoutMs = 120_000;
const sitesShown = 24;

/** @returns the exit code. @throws FloodgateError */
export async function performHunt(flags: HuntFlags): Promise<number> {
  const end = endOf(flags);
  const seed = parseWhole(flags.seed, '--seed', { min: 0, max: 0xffff_ffff });
  const jobs = jobsOf(flags.jobs);
  await defectArguments(flags.defect);
  if (flags.confirm) await enterNamespace('tap');
  const session = await openSession();
  const words = wordsOf(flags);
  const folder = makeSearchFolder('hunt', flags.out, JSON.stringify({ words, seed }));
  const progress = createSearchProgress(process.stderr);
  const found = await hunt({
    ...{ seed, jobs, words, folder, ...end },
    limits: deriveLimits({}),
    signal: session.signal,
    timeoutMs: trialTimeoutMs,
    nowMs: () => performance.now(),
    confirms: flags.confirm,
    onStep: ({ stage, trials, spentMs, words: said }) =>
      progress.line(
        `${stage}: ${formatCount(trials)} trials, ${formatDuration(spentMs)}${said && `: ${printable(said)}`}`,
        said !== '',
      ),
  });
  progress.clear();
  if (session.signal.aborted) {
    throw new FloodgateError('interrupted', 'interrupted', {
      hint: `The same command with --out ${folder} goes on where it was.`,
      exitCode: 3,
    });
  }
  const text = huntWords(found, folder, words);
  guard(folder, () => {
    for (const { measure, champion } of found.findings) {
      const name = `worst-${slug(measure)}`;
      writeScenario(folder, slug(measure), champion.program, {
        name,
        summary: `the worst that a hunt found for ${measure}`,
      });
    }
    for (const [index, { program, failure }] of found.failures.entries()) {
      writeScenario(folder, `failure-${index + 1}`, program, { name: `failure-${index + 1}`, summary: failure });
    }
    writeFileSync(
      path.join(folder, 'hunt.json'),
      `${JSON.stringify({ schemaVersion: 1, words, ...found }, null, 2)}\n`,
      { mode: 0o600 },
    );
    writeFileSync(path.join(folder, 'hunt.txt'), text, { mode: 0o600 });
  });
  process.stdout.write(text);
  return found.failures.length > 0 ? 1 : 0;
}

function wordsOf({ defect, agent, agentUntil }: HuntFlags): string[] {
  return [
    ...['--agent-until', agentUntil],
    ...(defect === undefined ? [] : ['--defect', defect]),
    ...(agent === undefined ? [] : ['--agent', path.resolve(agent)]),
  ];
}

function writeScenario(folder: string, file: string, program: Program, head: Parameters<typeof scenarioText>[1]): void {
  writeFileSync(path.join(folder, `${file}.yaml`), scenarioText(program, head), { mode: 0o600 });
}

const slug = (name: string) => name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');

function huntWords(found: Hunted, folder: string, words: readonly string[]): string {
  const { findings, sites, failures, trials, spentMs } = found;
  const cells = findings.map((finding) => [
    finding.measure,
    cost(finding, finding.champion.score),
    confirmedWords(finding),
    sizeWords(finding),
    finding.suspects[0] ?? '',
  ]);
  const head = ['bound', 'for each byte sent', 'through TAP', 'amount', 'first suspect'];
  const shown = sites
    .slice(0, sitesShown)
    .map(({ site, champion }) => `  ${printable(site)}: ${ratio(champion.score)} B allocated for each byte sent`);
  return [
    `HUNTED: ${formatCount(trials)} programs in ${formatDuration(spentMs)}`,
    ...tableLines([head, ...cells.map((row) => row.map((cell) => printable(cell)))]),
    ...(shown.length > 0 ? ['call sites, by what they allocate:', ...shown] : []),
    ...failures.map(({ failure }, index) => `FAILURE ${index + 1}: ${printable(failure)}: failure-${index + 1}.yaml`),
    `scenarios: ${path.relative('', folder) || '.'}/*.yaml; again: floodgate run FILE.yaml --size BYTES ${words.join(' ')}`,
    '',
  ].join('\n');
}

function cost({ unit }: Finding, score: number): string {
  return unit === 'ns' ? `${ratio(score)} ns` : `${ratio(score)} B`;
}

const ratio = (value: number) => (value >= 100 ? formatCount(Math.round(value)) : value.toPrecision(2));

function confirmedWords(finding: Finding): string {
  return finding.confirmed === null ? 'not measured' : cost(finding, finding.confirmed);
}

function sizeWords({ unit, champion }: Finding): string {
  const amount = unit === 'ns' ? formatDuration(champion.amount / 1e6) : formatBytes(champion.amount);
  return `${amount} of ${formatBytes(champion.bytesSent)} (--size ${champion.program.bytes})`;
}
