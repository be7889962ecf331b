/** The scenarios of a comparison, or of one shard of it, one after the other, and what they have come to so far. */

import { FloodgateError } from '../../agent/errors.ts';
import type { ComparedFailure, ComparedVersion, ComparisonReport } from '../../reports/comparison.ts';
import { counted } from '../../reports/counted.ts';
import type { Note } from '../../reports/model.ts';
import {
  compareScenario,
  type InterruptedIn,
  type ScenarioOrder,
  type ScenarioResult,
} from '../compare/compare-scenario.ts';
import type { Side } from '../compare/pairs.ts';
import { runtimeDoubt, runtimeRemark } from '../compare/pinned-runtime.ts';
import { sameFilesNotes } from '../compare/same-files.ts';
import { strayModule, withStray } from '../compare/stray-modules.ts';
import { comparisonVerdict } from '../compare/verdict.ts';
import type { Version } from '../compare/version-label.ts';
import type { VersionStore } from '../compare/version-store.ts';
import { pause } from '../pass/abortable.ts';
import type { ScenarioConfig } from '../project/define.ts';
import type { Project } from '../project/find-config.ts';
import type { Manifest } from '../shards/manifest.ts';
import type { PartialWriter } from '../shards/partial.ts';
import { plainOutput } from '../target/plain-output.ts';
import { readMachine } from '../watch/machine.ts';
import { type ComparedFlags, type ComparisonLimits, comparedDefaults } from './compare-whole.ts';
import { comparisonReport, described, detailsOf, failedVerdict, unprepared } from './comparison-report.ts';
import type { Session } from './session.ts';
import { cellFailure } from './shard-whole.ts';

export interface ComparisonOptions {
  readonly flags: ComparedFlags;
  readonly limits: ComparisonLimits;
  readonly project: Project;
  readonly session: Session;
  readonly folder: string;
  /** Of a shard. */
  readonly partial: PartialWriter | undefined;
  readonly store: VersionStore;
  readonly startedAtMs: number;
  readonly seed: number;
  readonly onStep: (text: string) => void;
  readonly onWait: ScenarioOrder['onWait'];
}

type NamedVersions = Pick<ComparisonReport, 'base' | 'head'>;

export class Comparison {
  readonly #options: ComparisonOptions;
  readonly #results: ScenarioResult[] = [];
  readonly #failures: FloodgateError[] = [];
  #versions: Readonly<Record<Side, Version>> | undefined;
  /** What is compared now, and what came of it until an interruption. */
  #current: { readonly name: string; result?: ScenarioResult; during?: InterruptedIn } | undefined;
  #doubts: readonly Note[] = [];
  /** Why nothing may be called within. */
  #stray: string | undefined;

  constructor(options: ComparisonOptions) {
    this.#options = options;
  }

  /** @param promised of a shard: the versions that every part of the whole compares. @throws FloodgateError */
  async run(own: readonly ScenarioConfig[], promised: Manifest['common']['comparison']): Promise<ComparisonReport> {
    const { flags, startedAtMs } = this.#options;
    if (own.length === 0 && promised !== undefined)
      return this.#report(startedAtMs, [], nothing, { named: { base: promised.base, head: promised.head } });
    this.#versions = await this.#prepare(own, promised);
    for (const scenario of own) await this.#compare(scenario, this.#versions);
    if (this.#failures.length > 0) throw this.#failures[0]!;
    const compared = this.#results.map((each) => each.compared);
    return this.#report(startedAtMs, this.#results, comparisonVerdict(compared, flags.undecided === 'pass'));
  }

  /** Both versions are there: what fails from then on is of a run. */
  get isBuilt(): boolean {
    return this.#versions !== undefined;
  }

  /** An interruption in words of what was run until then; any other error as it is. */
  named(error: FloodgateError, hint = ''): FloodgateError {
    if (error.code !== 'interrupted' || !this.#current) return error;
    const { name, result, during } = this.#current;
    if (result && during === 'callSites') {
      const { headline } = comparisonVerdict([result.compared], this.#options.flags.undecided === 'pass');
      const message = `${headline}; interrupted while looking for call sites`;
      return new FloodgateError('interrupted', message, { hint, exitCode: error.exitCode });
    }
    const pairs = result?.compared.pairs ?? 0;
    const what =
      pairs === 0
        ? `no pair of ${name} was run to its end`
        : `${counted(pairs, 'pair')} of ${name} ${pairs === 1 ? 'was' : 'were'} run, and nothing of it is judged`;
    return new FloodgateError('interrupted', `interrupted: ${what}`, { hint, exitCode: error.exitCode });
  }

  async failed(error: FloodgateError): Promise<ComparisonReport> {
    const scenarios = this.#results.map(({ compared }) => compared);
    const measured = [...this.#results, ...(this.#current?.result ? [this.#current.result] : [])];
    const failures = this.#failures.length > 0 ? this.#failures : [error];
    const verdict = failedVerdict(error, failures, scenarios);
    return this.#report(this.#options.startedAtMs, measured, verdict, { failures: await detailsOf(failures) });
  }

  async #prepare(own: readonly ScenarioConfig[], promised: Manifest['common']['comparison']) {
    const { flags, store, partial, onStep } = this.#options;
    try {
      const versions = { base: await store.prepare(flags.base), head: await store.prepare(flags.head) };
      this.#doubts = [...sameFilesNotes(versions, store), ...runtimeNotes(versions, store)];
      const { folder } = this.#options.project;
      this.#stray = strayModule(versions.base, folder, store) ?? strayModule(versions.head, folder, store);
      for (const { text } of this.#doubts) onStep(text);
      if (this.#stray !== undefined) onStep(this.#stray);
      for (const side of ['base', 'head'] as const) refuseMoved(versions[side], promised?.[side]);
      return versions;
    } catch (error) {
      for (const { name } of own) partial?.fail(cellFailure(name, error, this.#options.startedAtMs));
      throw error;
    }
  }

  /** One that cannot run takes nothing from the others. @throws what ends the whole comparison */
  async #compare(scenario: ScenarioConfig, versions: Readonly<Record<Side, Version>>): Promise<void> {
    const { flags, partial } = this.#options;
    const startedAtMs = Date.now();
    this.#current = { name: scenario.name };
    try {
      const result = this.#withStray(await compareScenario(this.#order(scenario, versions)));
      this.#results.push(result);
      const verdict = comparisonVerdict([result.compared], flags.undecided === 'pass');
      partial?.add(scenario.name, await this.#report(startedAtMs, [result], verdict));
    } catch (error) {
      if (!(error instanceof FloodgateError) || error.code === 'interrupted') throw error;
      this.#failures.push(error);
      // A head that died under its traffic is a result.
      if (error.exitCode === 1)
        partial?.add(
          scenario.name,
          await this.#report(startedAtMs, [], failedVerdict(error, [], []), { failures: await detailsOf([error]) }),
        );
      else partial?.fail(cellFailure(scenario.name, error, startedAtMs));
    }
    this.#current = undefined;
  }

  #withStray(measured: ScenarioResult): ScenarioResult {
    const stray = this.#stray;
    return stray === undefined ? measured : { ...measured, compared: withStray(measured.compared, stray) };
  }

  #order(scenario: ScenarioConfig, versions: Readonly<Record<Side, Version>>): ScenarioOrder {
    const { flags, limits, project, session, folder, store, startedAtMs, seed, onStep, onWait } = this.#options;
    return {
      project,
      scenario,
      versions,
      store,
      folder,
      environment: flags.env,
      thresholds: flags.threshold ?? [],
      metrics: flags.metric,
      sites: flags.sites ?? comparedDefaults.sites,
      signal: session.signal,
      pairsMax: limits.pairsMax,
      deadlineMs: startedAtMs + limits.timeMaxMs,
      nowMs: () => Date.now(),
      readMachine: () => readMachine(performance.now()),
      pause: (ms) => pause(ms, session.signal),
      seed,
      onStep,
      onWait,
      onInterrupted: (result, during) => {
        this.#current = { name: scenario.name, result: this.#withStray(result), during };
      },
    };
  }

  async #report(
    startedAtMs: number,
    results: readonly ScenarioResult[],
    verdict: ComparisonReport['verdict'],
    { named = this.#named(), failures = [] }: { named?: NamedVersions; failures?: readonly ComparedFailure[] } = {},
  ): Promise<ComparisonReport> {
    const { session, folder, store, project } = this.#options;
    const place = { folder, prefix: store.prefix, project };
    const said = { doubts: this.#doubts, failures };
    const order = { startedAtMs, toolVersion: session.toolVersion, ...place, ...named, ...said };
    const report = comparisonReport(order, results, verdict);
    const { base, head, ...plain } = await plainOutput(report);
    // A later comparison finds a copy by it. It is a digest, and reads like a secret that is called a key.
    const withKey = (version: typeof base, { key }: typeof base) => ({ ...version, key });
    return { ...plain, base: withKey(base, report.base), head: withKey(head, report.head) };
  }

  #named(): NamedVersions {
    const { flags } = this.#options;
    const of = (side: Side) => (this.#versions ? described(this.#versions[side]) : unprepared(flags[side]));
    return { base: of('base'), head: of('head') };
  }
}

function runtimeNotes({ base, head }: Readonly<Record<Side, Version>>, store: VersionStore): Note[] {
  const runtimes = { base: store.runtimeOf(base), head: store.runtimeOf(head) };
  const [doubt, remark] = [runtimeDoubt(runtimes), runtimeRemark(runtimes)];
  return [
    ...(doubt === undefined ? [] : [{ severity: 'warning' as const, text: doubt }]),
    ...(remark === undefined ? [] : [{ severity: 'info' as const, text: remark }]),
  ];
}

/** Of a shard that has no scenario. */
const nothing = { ok: true, exitCode: 0, headline: 'No scenario was to be compared.' };

/** @throws FloodgateError `version-unknown` where a name has another meaning than when this shard began */
function refuseMoved({ label, commit, dirty, key }: Version, promised: ComparedVersion | undefined): void {
  // The key of a working folder is by the times of its files, and a log in it grows.
  const isSame = dirty ? promised?.dirty && promised.commit === commit : promised?.key === key;
  if (promised === undefined || isSame) return;
  throw new FloodgateError('version-unknown', `${label} is no longer the version that it was when this shard began`, {
    hint: 'Nothing was measured. Run it again.',
  });
}
