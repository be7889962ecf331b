/**
 * Facts that stand in several files of a bundle: what a report says of its target, its times and its measuring pass, and of whose runs the raw
 * data are. For bundles of this version: another one may say more. Pure.
 */
import { isDeepStrictEqual } from 'node:util';
import type { RunReport } from '../../reports/model.ts';
import { withImplied } from '../metrics/implied-limits.ts';
import { REDACTED_MARK, Redactor } from '../redaction/redactor.ts';
import { feedsBudgets, feedsNone, measuredOverhead } from '../report/derived.ts';
import type { Measurement } from '../report/measurement.ts';
import { quotedWords, withoutCredentials, withoutUserinfo } from '../requests/shown-command.ts';
import { isExtra } from '../watch/environment.ts';
import { endOf } from './raw-times.ts';
import { refused } from './refusal.ts';
import { clockStepMs } from './run-sequence.ts';
import { plain } from './same-values.ts';
import { otherOption } from './shown-options.ts';
import { typedOptions } from './typed-options.ts';

export interface Facts {
  readonly place: string;
  readonly report: RunReport;
  readonly measurement: Measurement;
}

/** @throws Refused */
export function checkFacts({ place, report, measurement }: Facts): void {
  const { target, scenario, tool, passes, startedAt, durationMs, command } = report;
  const { isAgent, pass, implied, budget } = measurement;
  const refuse = (what: string) => refused('report-differs', `${place}: ${what}`);
  const words = quotedWords(command);
  if (isAgent === words.includes('--target')) throw refuse('the raw data are of another target than the command has');
  if (target.version !== (isAgent ? tool.version : '') || (target.stages !== '') !== isAgent)
    throw refuse('the report names another target than the command has');
  checkTyped(place, report, isAgent);
  if (scenario.defect !== null || (pass.lane === 'load' && scenario.seed !== null))
    throw refuse('the report names a defect or a seed that the command does not have');
  const [first, ...more] = passes;
  const isMeasure = first?.kind === 'measure' && first.startedAtMs === 0 && !first.disturbed;
  const isNoted = passes.every(({ kind, note }) =>
    kind === 'measure' ? note === feedsBudgets : note.startsWith(feedsNone),
  );
  if (!isNoted) throw refuse('a pass says that it fed other limits than it did');
  if (!isExtra(report.environment.extra)) throw refuse('its machine has a fact that floodgate does not read');
  if (!isMeasure || first.overheadShare !== measuredOverhead(pass) || more.some(({ kind }) => kind === 'measure'))
    throw refuse('the report’s measuring pass is not that of the raw data');
  const [from, to] = [Date.parse(startedAt), Date.parse(startedAt) + durationMs];
  const at = pass.startedAtEpochMs;
  if (
    at < from - clockStepMs ||
    at + endOf(measurement) > to + clockStepMs ||
    first.durationMs > durationMs ||
    first.durationMs < (pass.watch.rss.tMs.at(-1) ?? 0)
  )
    throw refuse('the report is of another time than the raw data');
  const wanted = isAgent ? withImplied(without(budget, implied), 'upload').implied : [];
  if (implied.some((name) => !wanted.includes(name))) throw refuse('a limit is implied that is none');
  checkRunFacts(place, measurement);
}

/** What a person reads of a command. */
export type TypedReport = Pick<RunReport, 'command' | 'lane'> & {
  readonly target: Pick<RunReport['target'], 'name'>;
  readonly scenario: RunReport['scenario'];
};

/** Names and options that a report shows are those of its command. @throws Refused */
export function checkTyped(place: string, report: TypedReport, isAgent: boolean): void {
  const refuse = (what: string) => refused('report-differs', `${place}: ${what}`);
  const shown = shownBy(report.command, isAgent);
  if (!shown.names.some((name) => isSaid(report.target.name, name)))
    throw refuse('the report’s target has another name than the command has');
  if (shown.descriptions.length > 0 && !shown.descriptions.some((text) => isSaid(report.scenario.description, text)))
    throw refuse('the report describes another scenario than the command has');
  const option = otherOption(report);
  if (option !== undefined) throw refuse(`the report’s option ${option} is not that of the command`);
}

/** What a report calls the target and the scenario, by its command. Those of the library stand there. */
function shownBy(command: string, isAgent: boolean): { readonly names: string[]; readonly descriptions: string[] } {
  if (isAgent) return { names: ['agent'], descriptions: [] };
  const valuesOf = typedOptions(command);
  const [target, load] = ['--target', '--load'].map((option) => valuesOf(option).at(-1));
  const name = target ?? '';
  if (valuesOf('--requests').length > 0) return { names: [name], descriptions: [] };
  return { names: [name], descriptions: [load === undefined ? `${name}, watched.` : `${name} under ${load}.`] };
}

/** A secret was taken out of the whole text there, of each word here: the mark stands for both, and may end the text. */
function isSaid(text: string, expected: string): boolean {
  const marked = expected.includes(REDACTED_MARK) ? [expected, rules.text(expected)] : [expected];
  return [text, withoutCredentials(text), withoutUserinfo(text)].some((each) => marked.includes(each));
}

/** Without an environment: whatever it called secret is out of both. */
const rules = new Redactor({});

/** Of a run that is judged, or compared. @throws Refused */
export function checkRunFacts(place: string, { pass }: Measurement): void {
  if (pass.ranBefore)
    throw refused('data-invalid', `${place}: the target ran before, and no sign-off watches such a one`);
  if (!pass.isTried && pass.exit.expected) throw refused('data-invalid', `${place}: the target was given nothing`);
}

/** Of a pair. @throws Refused */
export function checkSide(name: string, lane: string, measurement: Measurement): void {
  const { pass, isAgent } = measurement;
  if (pass.lane !== lane || isAgent !== (lane !== 'load'))
    throw refused('data-invalid', `${name} is of another lane, or of another target`);
  checkRunFacts(name, measurement);
}

/** Nothing is in it that nobody reads. @param measurement what was read of the value @throws Refused */
export function checkWhole(name: string, value: unknown, measurement: Measurement): void {
  // Members that are left open to later versions stay as they are.
  if (!isDeepStrictEqual(plain(measurement), value))
    throw refused('data-invalid', `${name} holds more than a measurement has`);
}

const without = (budget: Measurement['budget'], names: readonly string[]) =>
  Object.fromEntries(Object.entries(budget).filter(([name]) => !names.includes(name)));
