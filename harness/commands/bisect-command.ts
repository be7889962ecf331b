/** `floodgate bisect`: the commit from which on a metric is worse, by the verdicts of `floodgate compare`. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { FloodgateError } from '../../agent/errors.ts';
import type { ComparedMetric, ComparisonReport } from '../../reports/comparison.ts';
import { formatRatio, metricSentence, siteSentence } from '../../reports/comparison-sentence.ts';
import { counted } from '../../reports/counted.ts';
import { printable } from '../../reports/format.ts';
import { type BisectRange, bisect, type Finding, looksLeft } from '../compare/bisect.ts';
import { findingOf, metricOf, whyUnconfirmed } from '../compare/bisect-finding.ts';
import { bisectKey } from '../compare/bisect-key.ts';
import { type BisectEntry, BisectLog } from '../compare/bisect-log.ts';
import { type CompareWish, compareCommits, type Failure, isFailure } from '../compare/commit-comparison.ts';
import { type Commit, commitsBetween } from '../compare/commits-between.ts';
import { failuresName } from '../compare/failures.ts';
import { comparedThresholds } from '../compare/thresholds.ts';
import { laneOf } from '../compare/version-cells.ts';
import { parseThreshold, parseWhole, thresholdText } from '../metrics/quantity.ts';
import type { ScenarioConfig } from '../project/define.ts';
import { loadProject, type Project } from '../project/find-config.ts';
import { chosenScenarios } from './project-gate.ts';
import { makeReportFolder } from './report-folder.ts';
import { openSession } from './session.ts';

const examples = `
Examples:
  floodgate bisect --good v1.2.0 --bad main --scenario cart --metric allocated.perRequest
  floodgate bisect --good v1.2.0 --bad main --scenario cart --metric rss.max --threshold 10% --max-pairs 24

First the bad version is compared with the good one, by this metric alone. Then commits between them are compared with the good one, each time
the one in the middle of what is left; one counts as bad from half of the whole change on. In the end the commit is compared with the one before
it. A commit that cannot be built, run or decided makes the answer a range, never a wrong name. Findings are kept in .floodgate/bisect: a
bisection that was interrupted goes on where it was, unless what measures has changed: the configuration, an option, or files of the working
folder. What git ignores, files elsewhere and the environment are not looked at: --fresh.

Exit codes: 0 the commit was found, 2 could not run, 3 interrupted, 4 a range was found, or nothing is worse beyond doubt.`;

interface BisectFlags {
  readonly good: string;
  readonly bad: string;
  readonly scenario: string;
  readonly metric: string;
  readonly threshold?: string;
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
    .option(
      '--threshold <share>',
      'by how much the bad version is worse at least (default: as floodgate compare has it)',
    )
    .option('--max-pairs <n>', 'pairs a comparison, at most (5 to 32); twice as many at a second look', '16')
    .option('--config <file>', 'configuration (default: floodgate.config.* in this folder or above)')
    .option('--fresh', 'look at every commit again')
    .option('--out <dir>', 'folder for the report (default: runs/<time>-bisect)')
    .addHelpText('after', examples)
    .action(async (flags: BisectFlags) => {
      process.exitCode = await run(flags);
    });
}

async function run(flags: BisectFlags): Promise<number> {
  const pairsMax = parseWhole(flags.maxPairs, '--max-pairs', { min: 5, max: 32 });
  const project = await loadProject(process.cwd(), flags.config);
  const [scenario] = chosenScenarios(project, { only: [flags.scenario] });
  comparedThresholds(project, scenario!, laneOf(project, scenario!), undefined, [], [flags.metric]);
  if (flags.threshold !== undefined) parseThreshold(flags.threshold, '--threshold');
  const commits = commitsBetween(project.folder, flags.good, flags.bad);
  const session = await openSession(project.file);
  const folder = makeReportFolder('bisect', flags.out);
  const question = new Bisection({ ...{ project, scenario: scenario!, flags, commits, folder, pairsMax }, ...session });
  return await question.answer();
}

interface BisectionOptions {
  readonly project: Project;
  readonly scenario: ScenarioConfig;
  readonly flags: BisectFlags;
  /** The good one first, the bad one last. */
  readonly commits: readonly Commit[];
  readonly folder: string;
  readonly pairsMax: number;
  readonly signal: AbortSignal;
  readonly toolVersion: string;
}

/** Of what has changed: a screen's width or two. */
const namedMax = 5;

/** One question, from the first comparison to what is printed. */
class Bisection {
  readonly #options: BisectionOptions;
  readonly #log: BisectLog;
  /** Commits that could not be looked at this time. */
  readonly #passed = new Map<string, BisectEntry>();
  #range: BisectRange;

  constructor(options: BisectionOptions) {
    this.#options = options;
    const { project, flags, commits } = options;
    const kept = path.join(project.folder, '.floodgate', 'bisect');
    this.#log = new BisectLog(kept, bisectKey({ ...flags, ...options }), flags.fresh);
    this.#range = { good: 0, bad: commits.length - 1 };
  }

  async answer(): Promise<number> {
    const { commits, folder } = this.#options;
    if (!this.#options.flags.fresh) this.#sayKnown();
    // Marks the folder as ours, for one that is interrupted.
    this.#writeData(false);
    if (this.#log.whole === undefined) {
      const whole = await this.#whole();
      if (typeof whole === 'number') return whole;
      this.#log.whole = whole.change!;
    }
    const range = await bisect(commits.length, (index, again) => this.#look(index, again));
    const answer = range.bad - range.good === 1 ? await this.#named(range) : this.#between(range);
    writeFileSync(path.join(folder, 'bisect.txt'), answer.text, { mode: 0o600 });
    this.#range = range;
    this.#writeData(answer.isExact);
    process.stdout.write(answer.text);
    return answer.isExact ? 0 : 4;
  }

  /** What of before counts, and what does not. */
  #sayKnown(): void {
    const { size, whole } = this.#log;
    if (size > 0) {
      const unseen =
        'files that git ignores or that are elsewhere, and the environment, are not looked at: --fresh looks at every commit again';
      step(`${counted(size, 'commit is', 'commits are')} known from before (${unseen})`);
    }
    const others = size > 0 || whole !== undefined ? undefined : this.#log.others();
    if (others === undefined) return;
    const { count, changed } = others;
    const more = changed.length > namedMax ? ` and ${counted(changed.length - namedMax, 'other')}` : '';
    step(
      `${counted(count, 'comparison')} of before ${count === 1 ? 'is' : 'are'} not used, as what measures has changed: ${changed.slice(0, namedMax).join(', ')}${more}`,
    );
  }

  /** @returns the metric where the bad version is worse, else the exit code */
  async #whole(): Promise<ComparedMetric | number> {
    const { commits, pairsMax, flags } = this.#options;
    const last = commits.at(-1)!;
    step(`${flags.bad} beside ${flags.good}, ${counted(commits.length - 1, 'commit')} apart`);
    const compared = await this.#compare(commits[0]!, last, 'whole', { pairsMax, threshold: flags.threshold });
    if (isFailure(compared)) {
      const hint = compared.why;
      throw new FloodgateError('run-failed', `${flags.bad} cannot be compared with ${flags.good}`, { hint });
    }
    const [scenario] = compared.scenarios;
    const metric = metricOf(scenario, flags.metric);
    const failed = metricOf(scenario, failuresName);
    if (failed && (failed.decision === 'worse' || failed.decision === 'undecided') && failed !== metric) {
      process.stdout.write(`UNDECIDED: ${flags.bad} is not the same load: ${metricSentence(failed)}\n`);
      return 4;
    }
    if (metric?.decision === 'worse' && metric.change !== null && metric.change > 0) return metric;
    const why = metric ? metricSentence(metric) : `${flags.metric} was not measured`;
    process.stdout.write(`UNDECIDED: ${flags.bad} is not worse beyond doubt: ${why}\n`);
    return 4;
  }

  async #look(index: number, again: number): Promise<Finding> {
    const { commits, pairsMax, flags } = this.#options;
    const commit = commits[index]!;
    const known = this.#log.get(commit.id);
    if (known && (known.finding !== 'undecided' || again > 0)) return this.#found(index, commit, known);
    step(`${commit.id.slice(0, 10)} ${commit.subject}${again > 0 ? ' (again, with twice the pairs)' : ''}`);
    const half = this.#log.whole! / 2;
    const compared = await this.#compare(commits[0]!, commit, `${commit.id.slice(0, 10)}-${again}`, {
      pairsMax: pairsMax * (again + 1),
      threshold: thresholdText(half),
    });
    if (!isFailure(compared)) {
      const entry = findingOf(compared.scenarios[0], flags.metric, half);
      this.#log.set(commit.id, entry);
      return this.#found(index, commit, entry);
    }
    const entry: BisectEntry = { finding: 'skipped', change: null, why: printable(compared.why, 300) };
    // The next bisection looks at it again.
    if (compared.isOfHead) this.#log.set(commit.id, entry);
    else this.#passed.set(commit.id, entry);
    return this.#found(index, commit, entry);
  }

  #found(index: number, commit: Commit, { finding, change, why }: BisectEntry): Finding {
    if (finding === 'good') this.#range = { ...this.#range, good: index };
    if (finding === 'bad') this.#range = { ...this.#range, bad: index };
    const left = looksLeft(this.#range);
    const words = why === '' ? formatRatio(change) : why;
    step(`${commit.id.slice(0, 10)} is ${finding} (${words}); about ${left} more to look at`);
    return finding;
  }

  #compare(base: Commit, head: Commit, name: string, wish: CompareWish): Promise<ComparisonReport | Failure> {
    const { project, flags, folder, signal } = this.#options;
    const { scenario, metric } = flags;
    const out = path.join(folder, name);
    return compareCommits({ ...{ project, base: base.id, head: head.id, scenario, metric, out, signal }, ...wish });
  }

  /** The commit that was found, unless it is not worse than the one before it. */
  async #named({ good, bad }: BisectRange): Promise<Answer> {
    const { commits, flags, folder, pairsMax } = this.#options;
    const first = commits[bad]!;
    step(`${nameOf(first)} beside the one before it: is it worse, and by which call sites?`);
    const threshold = thresholdText(this.#log.whole! / 2);
    const compared = await this.#compare(commits[good]!, first, 'found', { pairsMax, threshold, sites: 'always' });
    const scenario = isFailure(compared) ? undefined : compared.scenarios[0];
    const doubt = isFailure(compared) ? compared.why : whyUnconfirmed(scenario, flags.metric);
    const grown = (scenario?.sites ?? []).filter(({ baseBytes, headBytes }) => (headBytes ?? 0) > (baseBytes ?? 0));
    const head =
      doubt === undefined
        ? `FIRST BAD: ${nameOf(first)}`
        : `UNDECIDED: ${nameOf(first)} is the first that is worse than ${flags.good}, but beside the one before it that is not beyond doubt: ${doubt}`;
    const lines = [
      head,
      this.#whatWords(),
      ...grown.slice(0, 3).map((site) => `  ${siteSentence(site)}`),
      `report: ${path.relative('', path.join(folder, 'found', 'comparison.html'))}`,
    ];
    return { text: `${lines.join('\n')}\n`, isExact: doubt === undefined };
  }

  #between({ good, bad }: BisectRange): Answer {
    const { commits } = this.#options;
    const between = commits
      .slice(good + 1, bad)
      .map((commit) => `  ${nameOf(commit)}: ${printable(this.#entryOf(commit)?.why ?? '', 200)}`);
    const head = `RANGE: one of ${counted(bad - good, 'commit')}, the last of which is ${nameOf(commits[bad]!)}`;
    const lines = [head, this.#whatWords(), 'Could not be decided:', ...between];
    return { text: `${lines.join('\n')}\n`, isExact: false };
  }

  #whatWords(): string {
    const { flags } = this.#options;
    return `${flags.metric} of ${flags.scenario} ${formatRatio(this.#log.whole!)} from ${flags.good} to ${flags.bad}`;
  }

  #entryOf({ id }: Commit): BisectEntry | undefined {
    return this.#log.get(id) ?? this.#passed.get(id);
  }

  #writeData(isExact: boolean): void {
    const { commits, flags, folder } = this.#options;
    const { good, bad } = this.#range;
    const data = {
      kind: 'bisection',
      schemaVersion: 1,
      scenario: flags.scenario,
      metric: flags.metric,
      change: this.#log.whole ?? null,
      lastGood: commits[good]!.id,
      firstBad: commits[bad]!.id,
      isExact,
      commits: commits.map((commit) => ({ ...commit, ...this.#entryOf(commit) })),
    };
    writeFileSync(path.join(folder, 'bisect.json'), `${JSON.stringify(data, null, 2)}\n`, { mode: 0o600 });
  }
}

interface Answer {
  readonly text: string;
  /** One commit was found, and confirmed. */
  readonly isExact: boolean;
}

const nameOf = ({ id, subject }: Commit) => `${id.slice(0, 10)} ${printable(subject, 200)}`;

function step(text: string): void {
  process.stderr.write(`${printable(text)}\n`);
}
