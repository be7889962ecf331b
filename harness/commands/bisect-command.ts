/** `floodgate bisect`: the commit from which on a metric is worse, by the verdicts of `floodgate compare`. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { FloodgateError } from '../../agent/errors.ts';
import type { ComparedMetric, ComparisonReport } from '../../reports/comparison.ts';
import { formatChange, metricSentence, siteSentence } from '../../reports/comparison-sentence.ts';
import { printable } from '../../reports/format.ts';
import { type BisectRange, bisect, type Finding, looksLeft } from '../compare/bisect.ts';
import { type BisectEntry, BisectLog } from '../compare/bisect-log.ts';
import { errorSentence, ownProgram, runFloodgate } from '../compare/floodgate-process.ts';
import { commitOf, git } from '../compare/git.ts';
import { knownMetric } from '../metrics/known-metric.ts';
import { parseWhole } from '../metrics/quantity.ts';
import { loadProject, type Project } from '../project/find-config.ts';
import { chosenScenarios } from './project-gate.ts';
import { makeReportFolder } from './report-folder.ts';
import { openSession } from './session.ts';

const examples = `
Examples:
  floodgate bisect --good v1.2.0 --bad main --scenario cart --metric allocated.perRequest
  floodgate bisect --good v1.2.0 --bad main --scenario cart --metric rss.max --max-pairs 24

First the bad version is compared with the good one. Then commits between them are compared with the good one, each time the one in the middle
of what is left; one counts as bad from half of the whole change on. A commit that cannot be built or decided makes the answer a range, never a
wrong name. Findings are kept in .floodgate/bisect: a bisection that was interrupted goes on where it was.

Exit codes: 0 the commit was found, 2 could not run, 3 interrupted, 4 a range was found, or nothing is worse beyond doubt.`;

interface BisectFlags {
  readonly good: string;
  readonly bad: string;
  readonly scenario: string;
  readonly metric: string;
  readonly maxPairs: string;
  readonly config?: string;
  readonly fresh?: boolean;
  readonly out?: string;
}

export function addBisectCommand(command: Command): void {
  command
    .description('Finds the commit from which on a metric of a scenario is worse.')
    .requiredOption('--good <version>', 'commit, branch or tag that is well')
    .requiredOption('--bad <version>', 'a later one that is worse')
    .requiredOption('--scenario <name>', 'of the configuration')
    .requiredOption('--metric <name>', 'what got worse (floodgate list --metrics)')
    .option('--max-pairs <n>', 'pairs a comparison, at most; twice as many at a second look', '16')
    .option('--config <file>', 'configuration (default: floodgate.config.* in this folder or above)')
    .option('--fresh', 'look at every commit again')
    .option('--out <dir>', 'folder for the report (default: runs/<time>-bisect)')
    .addHelpText('after', examples)
    .action(async (flags: BisectFlags) => {
      process.exitCode = await run(flags);
    });
}

interface Commit {
  readonly id: string;
  readonly subject: string;
}

async function run(flags: BisectFlags): Promise<number> {
  const pairsMax = parseWhole(flags.maxPairs, '--max-pairs', { min: 5, max: 32 });
  const project = await loadProject(process.cwd(), flags.config);
  chosenScenarios(project, { only: [flags.scenario] });
  knownMetric(flags.metric);
  const commits = commitsBetween(project, flags.good, flags.bad);
  const session = openSession();
  const folder = makeReportFolder('bisect', flags.out);
  const question = new Bisection({ project, flags, commits, folder, pairsMax, signal: session.signal });
  return await question.answer();
}

interface BisectionOptions {
  readonly project: Project;
  readonly flags: BisectFlags;
  /** The good one first, the bad one last. */
  readonly commits: readonly Commit[];
  readonly folder: string;
  readonly pairsMax: number;
  readonly signal: AbortSignal;
}

/** One question, from the first comparison to what is printed. */
class Bisection {
  readonly #options: BisectionOptions;
  readonly #log: BisectLog;
  #range: BisectRange;

  constructor(options: BisectionOptions) {
    this.#options = options;
    const { project, flags, commits } = options;
    const asked = [commits[0]!.id, commits.at(-1)!.id, flags.scenario, flags.metric, options.pairsMax].join('\0');
    const key = createHash('sha256')
      .update(flags.fresh ? `${asked}\0${Date.now()}` : asked)
      .digest('hex');
    this.#log = new BisectLog(path.join(project.folder, '.floodgate', 'bisect'), key.slice(0, 16));
    this.#range = { good: 0, bad: commits.length - 1 };
  }

  async answer(): Promise<number> {
    const { commits, folder } = this.#options;
    if (this.#log.size > 0) step(`${this.#log.size} commits are known from before (--fresh looks again)`);
    if (this.#log.whole === undefined) {
      const whole = await this.#whole();
      if (typeof whole === 'number') return whole;
      this.#log.whole = whole.change!;
    }
    const range = await bisect(commits.length, (index, again) => this.#look(index, again));
    const text = await this.#words(range);
    writeFileSync(path.join(folder, 'bisect.txt'), text, { mode: 0o600 });
    writeFileSync(path.join(folder, 'bisect.json'), `${JSON.stringify(this.#data(range), null, 2)}\n`, { mode: 0o600 });
    process.stdout.write(text);
    return range.bad - range.good === 1 ? 0 : 4;
  }

  /** @returns the metric where the bad version is worse, else the exit code */
  async #whole(): Promise<ComparedMetric | number> {
    const { commits, pairsMax, flags } = this.#options;
    const last = commits.at(-1)!;
    step(`${flags.bad} beside ${flags.good}, ${commits.length - 1} commits apart`);
    const compared = await this.#compare(commits[0]!, last, 'whole', { pairsMax });
    if (typeof compared === 'string') {
      throw new FloodgateError('run-failed', `${flags.bad} cannot be compared with ${flags.good}`, { hint: compared });
    }
    const metric = metricIn(compared, flags.metric);
    if (metric?.decision === 'worse' && metric.change !== null && metric.change > 0) return metric;
    const why = metric ? metricSentence(metric) : `${flags.metric} has no threshold`;
    process.stdout.write(`UNDECIDED: ${flags.bad} is not worse beyond doubt: ${why}\n`);
    return 4;
  }

  async #look(index: number, again: number): Promise<Finding> {
    const { commits, pairsMax } = this.#options;
    const commit = commits[index]!;
    const known = this.#log.get(commit.id);
    if (known && (known.finding !== 'undecided' || again > 0)) return this.#found(index, commit, known);
    step(`${commit.id.slice(0, 10)} ${commit.subject}${again > 0 ? ' (again, with twice the pairs)' : ''}`);
    const half = this.#log.whole! / 2;
    const threshold = `${(half * 100).toPrecision(6)}%`;
    const compared = await this.#compare(commits[0]!, commit, `${commit.id.slice(0, 10)}-${again}`, {
      pairsMax: pairsMax * (again + 1),
      threshold,
    });
    const entry =
      typeof compared === 'string' ? skipped(compared) : entryOf(metricIn(compared, this.#options.flags.metric));
    this.#log.set(commit.id, entry);
    return this.#found(index, commit, entry);
  }

  #found(index: number, commit: Commit, { finding, change, why }: BisectEntry): Finding {
    if (finding === 'good') this.#range = { ...this.#range, good: index };
    if (finding === 'bad') this.#range = { ...this.#range, bad: index };
    const left = looksLeft(this.#range);
    const words = why === '' ? formatChange(change) : why;
    step(`${commit.id.slice(0, 10)} is ${finding} (${words}); about ${left} more to look at`);
    return finding;
  }

  /** @returns the comparison, or why there is none */
  async #compare(
    base: Commit,
    head: Commit,
    name: string,
    { pairsMax, threshold, sites = 'never' }: { pairsMax: number; threshold?: string; sites?: 'never' | 'always' },
  ): Promise<ComparisonReport | string> {
    const { project, flags, folder, signal } = this.#options;
    const out = path.join(folder, name);
    mkdirSync(out, { recursive: true, mode: 0o700 });
    const words = ['compare', '--base', base.id, '--head', head.id, '--only', flags.scenario, '--config', project.file];
    if (threshold !== undefined) words.push('--threshold', `${flags.metric}=${threshold}`);
    words.push('--max-pairs', String(pairsMax), '--sites', sites, '--out', out);
    const { errors } = await runFloodgate({
      words: [...ownProgram(), ...words],
      folder: project.folder,
      signal,
    });
    if (signal.aborted)
      throw new FloodgateError('interrupted', 'interrupted', {
        hint: 'The same command goes on where it was.',
        exitCode: 3,
      });
    const file = path.join(out, 'comparison.json');
    if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as ComparisonReport;
    return errorSentence(errors) ?? errors.trim();
  }

  async #words({ good, bad }: BisectRange): Promise<string> {
    const { commits, flags, folder } = this.#options;
    const first = commits[good + 1]!;
    const name = (commit: Commit) => `${commit.id.slice(0, 10)} ${printable(commit.subject, 200)}`;
    const what = `${flags.metric} of ${flags.scenario} ${formatChange(this.#log.whole!)} from ${flags.good} to ${flags.bad}`;
    if (bad - good > 1) {
      const between = commits
        .slice(good + 1, bad)
        .map((commit) => `  ${name(commit)}: ${printable(this.#log.get(commit.id)?.why ?? '', 200)}`);
      return `RANGE: one of ${bad - good} commits, the last of which is ${name(commits[bad]!)}\n${what}\nCould not be decided:\n${between.join('\n')}\n`;
    }
    step(`${name(first)} beside the one before it: looking for the call sites`);
    const compared = await this.#compare(commits[good]!, first, 'found', {
      pairsMax: this.#options.pairsMax,
      sites: 'always',
    });
    const sites = typeof compared === 'string' ? [] : (compared.scenarios[0]?.sites ?? []);
    const grown = sites.filter(({ baseBytes, headBytes }) => (headBytes ?? 0) > (baseBytes ?? 0)).slice(0, 3);
    return [
      `FIRST BAD: ${name(first)}`,
      what,
      ...grown.map((site) => `  ${siteSentence(site)}`),
      `report: ${path.relative('', path.join(folder, 'found', 'comparison.html'))}`,
      '',
    ].join('\n');
  }

  #data({ good, bad }: BisectRange) {
    const { commits, flags } = this.#options;
    return {
      kind: 'bisection',
      schemaVersion: 1,
      scenario: flags.scenario,
      metric: flags.metric,
      change: this.#log.whole,
      lastGood: commits[good]!.id,
      firstBad: commits[bad]!.id,
      isExact: bad - good === 1,
      commits: commits.map(({ id, subject }) => ({ id, subject, ...this.#log.get(id) })),
    };
  }
}

function metricIn({ scenarios }: ComparisonReport, name: string): ComparedMetric | undefined {
  return scenarios[0]?.metrics.find((each) => each.name === name);
}

function entryOf(metric: ComparedMetric | undefined): BisectEntry {
  const change = metric?.change ?? null;
  if (metric?.decision === 'worse') return { finding: 'bad', change, why: '' };
  if (metric?.decision === 'within') return { finding: 'good', change, why: '' };
  return { finding: 'undecided', change, why: metric?.note || 'it could not be decided' };
}

function skipped(why: string): BisectEntry {
  return { finding: 'skipped', change: null, why: printable(why, 300) };
}

function step(text: string): void {
  process.stderr.write(`${printable(text)}\n`);
}

/** First parents only: what a merge brought is one change. @throws FloodgateError `version-unknown` */
function commitsBetween({ folder }: Project, good: string, bad: string): Commit[] {
  const knownCommit = (label: string) => {
    const commit = commitOf(folder, label);
    if (commit !== undefined) return commit;
    throw new FloodgateError('version-unknown', `"${label}" is no commit, branch or tag of this repository`, {
      hint: 'A bisection walks from commit to commit: a folder cannot be an end of it.',
    });
  };
  const [from, to] = [knownCommit(good), knownCommit(bad)];
  const lines = git(folder, ['log', '--first-parent', '--reverse', '--format=%H %P%x09%s', `${from}..${to}`]).split(
    '\n',
  );
  const commits = lines
    .filter((line) => line !== '')
    .map((line) => ({ id: line.slice(0, 40), parent: line.slice(41, 81), subject: line.split('\t')[1] ?? '' }));
  if (commits[0]?.parent !== from) {
    throw new FloodgateError('version-unknown', `${good} is not on the way to ${bad}`, {
      hint: 'Name an earlier commit of the same branch as --good.',
    });
  }
  return [{ id: from, subject: git(folder, ['log', '-1', '--format=%s', from]) }, ...commits];
}
