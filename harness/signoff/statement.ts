/**
 * What is signed: an in-toto Statement v1 (https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md) with the predicate
 * test-result v0.1 (spec/predicates/test-result.md there). Its limits stand beside that in a field of our own, each as metric, comparator,
 * threshold, value and sample size, as the draft of in-toto/attestation#565 has them. Pure: the bundle comes to the same statement again.
 */
import { createHash } from 'node:crypto';
import type { BudgetResult, Unit } from '../../reports/model.ts';
import { type SignoffReport, testsOf } from '../../reports/signoff.ts';
import type { BundleFiles } from './bundle-room.ts';
import { envelopeName } from './envelope.ts';
import { subjectFilesMax } from './limits.ts';
import { repeatRange } from './repeat-range.ts';
import { type SourceFile, sourceListName } from './source-list.ts';
import { workingListName } from './working-list.ts';

export const statementType = 'https://in-toto.io/Statement/v1';
export const predicateType = 'https://in-toto.io/attestation/test-result/v0.1';
/** A field of our own is named by a URI (in-toto's parsing rules): who does not know it leaves it out. */
const extensionName = 'urn:floodgate:signoff:v1';

interface ResourceDescriptor {
  readonly name: string;
  readonly digest: Readonly<Record<string, string>>;
  readonly mediaType?: string;
  readonly annotations?: Readonly<Record<string, unknown>>;
}

interface StatedMetric {
  readonly test: string;
  readonly metric: string;
  readonly unit: Unit;
  readonly comparator: '<=' | '>=';
  readonly threshold: number;
  /** Null where it was not measured, or not decided. */
  readonly value: number | null;
  readonly sampleSize: number;
  /** Where the value is known to lie; null at an end that is not known. */
  readonly interval: readonly [number | null, number | null];
  readonly passed: boolean;
  /** As a share of the value, when it is run again; null: it does not repeat. */
  readonly repeatsWithin: number | null;
  readonly note: string;
}

export interface Statement {
  readonly _type: typeof statementType;
  readonly subject: readonly ResourceDescriptor[];
  readonly predicateType: typeof predicateType;
  readonly predicate: {
    readonly result: 'PASSED' | 'WARNED' | 'FAILED';
    readonly configuration: readonly ResourceDescriptor[];
    readonly passedTests: readonly string[];
    readonly warnedTests: readonly string[];
    readonly failedTests: readonly string[];
    readonly [extensionName]: object;
  };
}

/** @param files of the bundle; the envelope itself is left out */
export function statementOf(report: SignoffReport, files: BundleFiles, source: readonly SourceFile[]): Statement {
  const tests = testsOf(report);
  const named = (...wanted: string[]) =>
    tests.filter(({ outcome }) => wanted.includes(outcome)).map(({ name }) => name);
  const isWarned = tests.some(({ outcome }) => outcome === 'warned');
  return {
    _type: statementType,
    subject: subjectsOf(report, files, source),
    predicateType,
    predicate: {
      result: !report.verdict.ok ? 'FAILED' : isWarned ? 'WARNED' : 'PASSED',
      configuration: [...configurationOf(report), ...workingOf(report, files), ...manifestOf(files)],
      passedTests: named('passed'),
      warnedTests: named('warned'),
      // What was not measured, or not decided, is no pass.
      failedTests: named('failed', 'undecided'),
      [extensionName]: {
        schemaVersion: report.schemaVersion,
        release: report.release,
        candidate: report.candidate.label,
        previous: report.previous?.label ?? null,
        signedAt: report.signedAt,
        verdict: report.verdict,
        scope: report.scope,
        undecidedTests: named('undecided'),
        metrics: report.scenarios.flatMap(metricsOf),
        waivers: report.waivers,
      },
    },
  };
}

export const sha256 = (content: Buffer | string): string => createHash('sha256').update(content).digest('hex');

/** Package, commit, the list of all files, and each of them. */
function subjectsOf(
  { candidate }: SignoffReport,
  files: BundleFiles,
  source: readonly SourceFile[],
): ResourceDescriptor[] {
  const list = files.get(sourceListName);
  return [
    ...(candidate.package ? [{ name: candidate.package.name, digest: { sha256: candidate.package.sha256 } }] : []),
    // A work tree with changes is not its commit.
    ...(candidate.commit !== null && !candidate.dirty
      ? [{ name: candidate.label, digest: { gitCommit: candidate.commit } }]
      : []),
    ...(list ? [{ name: sourceListName, digest: { sha256: sha256(list) } }] : []),
    ...(source.length <= subjectFilesMax
      ? source.map(({ name, sha256: digest }) => ({ name: `source/${name}`, digest: { sha256: digest } }))
      : []),
  ];
}

/** What the runs rest on beside the files of the bundle: scenarios, recordings, loads, seeds, runtime, tool. */
function configurationOf({ tool, machine, inputs, scenarios }: SignoffReport): ResourceDescriptor[] {
  const described = (name: string, content: object) => ({
    name,
    digest: { sha256: sha256(JSON.stringify(content)) },
    annotations: { ...content },
  });
  return [
    described('runtime', { node: machine.node, platform: machine.platform, arch: machine.arch }),
    described('tool', { ...tool }),
    ...scenarios.flatMap(({ name, runs, comparisons }) => [
      ...runs.map(({ lane, definition, command }) => described(`scenario/${name}/${lane}`, { definition, command })),
      ...comparisons.map(({ result, seed }) => described(`seed/${name}/${result.lane}`, { seed })),
    ]),
    ...inputs.map(({ name, sha256: digest, bytes, role, from }) => ({
      name: `input/${name}`,
      digest: { sha256: digest },
      annotations: { bytes, ...(role && { role }), ...(from && { from }) },
    })),
  ];
}

/** The folder that it was driven from: its commit, and all its files as one. */
function workingOf({ working }: SignoffReport, files: BundleFiles): ResourceDescriptor[] {
  const list = files.get(workingListName);
  if (working === undefined || (working.commit === null && list === undefined)) return [];
  const { commit, files: count, changedCount: changed } = working;
  const digest = { ...(list && { sha256: sha256(list) }), ...(commit !== null && { gitCommit: commit }) };
  return [{ name: 'working-folder', digest, annotations: { files: count, changed } }];
}

const manifestPrefix = 'bundle/';

/** Every file of the bundle but the envelope, in order. */
function manifestOf(files: BundleFiles): ResourceDescriptor[] {
  return [...files.keys()]
    .filter((name) => name !== envelopeName)
    .sort()
    .map((name) => ({ name: `${manifestPrefix}${name}`, digest: { sha256: sha256(files.get(name)!) } }));
}

/** Digests by path of the files that a statement vouches for; undefined where it is not made that way. */
export function manifestIn({ predicate }: Statement): Map<string, string> | undefined {
  const manifest = new Map<string, string>();
  for (const { name, digest } of predicate.configuration) {
    if (!name.startsWith(manifestPrefix)) continue;
    const file = name.slice(manifestPrefix.length);
    if (typeof digest.sha256 !== 'string' || manifest.has(file)) return undefined;
    manifest.set(file, digest.sha256);
  }
  return manifest;
}

function metricsOf({ name, runs, comparisons }: SignoffReport['scenarios'][number]): StatedMetric[] {
  return [
    ...runs.flatMap(({ lane, budgets, samples }) =>
      budgets.map((row) => ({
        test: `${name}/${lane}/${row.name}`,
        metric: row.name,
        unit: row.unit,
        comparator: comparatorOf(row),
        threshold: row.limit,
        value: row.actual,
        sampleSize: samples[row.name] ?? 0,
        interval: [row.actual, row.actual] as const,
        passed: row.ok,
        repeatsWithin: repeatRange(lane, row.name),
        note: row.note,
      })),
    ),
    ...comparisons.flatMap(({ result: { lane, pairs, metrics } }) =>
      metrics.flatMap((metric): StatedMetric[] =>
        metric.threshold === null
          ? []
          : [
              {
                test: `${name}/${lane}/${metric.name}/change`,
                metric: `${metric.name}/change`,
                unit: 'share',
                comparator: '<=',
                threshold: metric.threshold,
                value: metric.change,
                sampleSize: pairs,
                interval: [metric.changeLow, metric.changeHigh],
                passed: metric.decision === 'within',
                repeatsWithin: null,
                note: metric.note,
              },
            ],
      ),
    ),
  ];
}

const comparatorOf = ({ bound }: Pick<BudgetResult, 'bound'>): '<=' | '>=' => (bound === 'max' ? '<=' : '>=');
