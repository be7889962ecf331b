/**
 * Conditions that a run meets or not, as people write them: `rss.max > 150MB`, `suspect=assembler.ts`, `exit=1`, several with
 * `and` between them. A figure that was not measured meets nothing. Pure.
 */
import { FloodgateError } from '../../agent/errors.ts';
import { formatValue } from '../../reports/format.ts';
import type { Figure, Unit } from '../../reports/model.ts';
import { knownMetric } from '../metrics/known-metric.ts';
import { parseQuantity, parseWhole } from '../metrics/quantity.ts';
import { sitePattern } from '../metrics/site-pattern.ts';
import type { Growth } from './growth.ts';

type Comparison = '>' | '>=' | '<' | '<=';

interface MetricClause {
  readonly kind: 'metric';
  readonly name: string;
  readonly unit: Unit;
  readonly comparison: Comparison;
  readonly limit: number;
}

interface SuspectClause {
  readonly kind: 'suspect';
  readonly pattern: string;
}

interface CauseClause {
  readonly kind: 'cause';
  readonly cause: string;
}

interface ExitClause {
  readonly kind: 'exit';
  readonly code: number;
  readonly isEqual: boolean;
}

export type Clause = MetricClause | SuspectClause | CauseClause | ExitClause;

export interface Condition {
  /** As it was typed, with single spaces. */
  readonly text: string;
  readonly clauses: readonly Clause[];
}

/** What one trial showed, as far as the condition asks: small enough to be kept for every trial. */
export interface Observation {
  /** Of the figures that the condition names. */
  readonly figures: Readonly<Record<string, Pick<Figure, 'state' | 'value' | 'low' | 'high' | 'note'>>>;
  /** First suspects of its spikes, `agent/tcp/assembler.ts#queuePages`, and causes. */
  readonly suspects: readonly string[];
  readonly causes: readonly string[];
  /** Of the run, or of the command that decides; null where a signal ended it. */
  readonly exitCode: number | null;
  /** Why there was no run to look at; empty where there was. */
  readonly failure: string;
  /**
   * Of metrics that count what the target had before the first frame: what they are by what it had from then on. A start's own peak is higher
   * than little traffic, and hides how much that brings.
   */
  readonly sinceTraffic?: Readonly<Record<string, number>> | undefined;
  /** What of the traffic memory grew with; kept of what holds alone. */
  readonly growth?: Growth | undefined;
}

const hint = 'Write for example --while "rss.max > 150MB", --while suspect=assembler.ts, or --while "exit=1".';

/** @throws FloodgateError `option-invalid` */
export function parseCondition(text: string): Condition {
  const words = text.trim().replaceAll(/\s+/g, ' ');
  const clauses = words.split(/ and /i).map((part) => clauseOf(part.trim()));
  return { text: words, clauses };
}

function clauseOf(text: string): Clause {
  const [, name = '', sign = '', value = ''] = /^([^<>=!]+?)\s*(>=|<=|!=|>|<|=)\s*(.+)$/.exec(text) ?? [];
  if (name === '') throw bad(`--while: "${text}" is no condition`);
  if (name === 'suspect' && sign === '=') return { kind: 'suspect', pattern: value };
  if (name === 'cause' && sign === '=') return { kind: 'cause', cause: value };
  if (name === 'exit' && (sign === '=' || sign === '!=')) {
    return { kind: 'exit', code: parseWhole(value, '--while exit', { min: 0, max: 255 }), isEqual: sign === '=' };
  }
  if (sign === '=' || sign === '!=') {
    throw bad(
      `--while: "${text}": a metric is compared with >, >=, < or <=; only suspect, cause and exit take ${sign}`,
    );
  }
  const metric = knownMetric(name, { place: '--while: ' });
  const limit = parseQuantity(value, `--while ${name}`, metric.unit);
  return { kind: 'metric', name: metric.name, unit: metric.unit, comparison: sign as Comparison, limit };
}

function bad(message: string): FloodgateError {
  return new FloodgateError('option-invalid', message, { hint });
}

/** Whether replays with instruments are needed to know. */
export function needsSuspects({ clauses }: Condition): boolean {
  return clauses.some((clause) => clause.kind === 'suspect' || (clause.kind === 'metric' && clause.name.includes(':')));
}

export function metricsOf({ clauses }: Condition): string[] {
  return clauses.flatMap((clause) => (clause.kind === 'metric' ? [clause.name] : []));
}

/** What a lane or the noise of a machine moves a limit by: added to the limit of each metric, by name. */
export type Shifts = Readonly<Record<string, number>>;

/**
 * How much of the condition a run meets: every clause as a number, at or above 1 where it is met, nearer to 1 the nearer it is.
 * The least decides. A clause that is not a quantity is 1 or 0; so is one that was not measured, which is 0.
 */
export function scoreOf(condition: Condition, seen: Observation, shifts: Shifts = {}): number {
  if (seen.failure !== '') return 0;
  return Math.min(...condition.clauses.map((clause) => clauseScore(clause, seen, shifts)));
}

/** What a part of the traffic brings, as a score: that of the verdict where it holds, else by what came since the first frame. */
export function amountOf(condition: Condition, seen: Observation, shifts: Shifts = {}): number {
  const score = scoreOf(condition, seen, shifts);
  const { sinceTraffic, figures } = seen;
  if (score >= 1 || seen.failure !== '' || sinceTraffic === undefined) return score;
  const brought = Object.entries(sinceTraffic).map(([name, value]) => [name, { ...figures[name]!, value }] as const);
  return Math.min(
    score,
    scoreOf(condition, { ...seen, figures: { ...figures, ...Object.fromEntries(brought) } }, shifts),
  );
}

/**
 * The condition with limits that are further away by a margin: what meets it meets the one that was typed on another day too. No further than
 * half of the way to what the whole shows.
 */
export function withMargin(condition: Condition, whole: Observation, share: number): Condition {
  const clauses = condition.clauses.map((clause) => {
    const value = clause.kind === 'metric' ? surely(clause, whole) : undefined;
    if (clause.kind !== 'metric' || value === undefined) return clause;
    const sign = clause.comparison.startsWith('>') ? 1 : -1;
    const margin = Math.min(share * Math.abs(clause.limit), Math.abs(value - clause.limit) / 2);
    return { ...clause, limit: clause.limit + sign * margin };
  });
  return { ...condition, clauses };
}

export function holds(condition: Condition, seen: Observation, shifts?: Shifts): boolean {
  return scoreOf(condition, seen, shifts) >= 1;
}

function clauseScore(clause: Clause, seen: Observation, shifts: Shifts): number {
  switch (clause.kind) {
    case 'suspect': {
      const isMeant = suspectPattern(clause.pattern);
      return seen.suspects.some(isMeant) ? 1 : 0;
    }
    case 'cause':
      return seen.causes.includes(clause.cause) ? 1 : 0;
    case 'exit':
      return (seen.exitCode === clause.code) === clause.isEqual && seen.exitCode !== null ? 1 : 0;
    case 'metric': {
      const value = surely(clause, seen);
      if (value === undefined) return 0;
      const limit = clause.limit + (shifts[clause.name] ?? 0);
      return clause.comparison.startsWith('>')
        ? above(value, limit, clause.comparison === '>')
        : above(-value, -limit, clause.comparison === '<');
    }
  }
}

/** 1 and more where `value` is above the limit; below it, how near it comes, always less than 1. */
function above(value: number, limit: number, isStrict: boolean): number {
  if (isStrict ? value > limit : value >= limit) return 1 + (limit > 0 ? (value - limit) / limit : 0);
  if (limit <= 0) return limit === 0 ? 0 : Math.max(0, Math.min(0.999, limit / value));
  return Math.max(0, Math.min(0.999, value / limit));
}

/** The end of an interval that the condition is hardest for: what may be is not taken for what is. */
function surely({ name, comparison }: MetricClause, { figures }: Observation): number | undefined {
  const figure = figures[name];
  if (figure?.state === 'value') return figure.value ?? undefined;
  if (figure?.state !== 'undecided') return undefined;
  return (comparison.startsWith('>') ? figure.low : figure.high) ?? undefined;
}

/** The name of a file, a path, or a pattern of call sites. */
function suspectPattern(pattern: string): (suspect: string) => boolean {
  const isPath = pattern.includes('/') || pattern.includes('*');
  const matches = sitePattern(isPath ? pattern : `**${pattern}`);
  return (suspect) => {
    const [file = '', name = ''] = suspect.split('#', 2);
    // A private function is named with its own `#`.
    return matches(file, name) || matches(file, suspect.slice(file.length + 1)) || matches(file, `#${name}`);
  };
}

/** What a trial came to, for a line of progress: `rss.max 212 MB`. */
export function observedWords({ clauses }: Condition, seen: Observation): string {
  if (seen.failure !== '') return seen.failure;
  return clauses
    .map((clause) => {
      if (clause.kind === 'suspect') return `suspect ${seen.suspects[0] ?? 'none'}`;
      if (clause.kind === 'cause') return `cause ${seen.causes[0] ?? 'none'}`;
      if (clause.kind === 'exit') return `exit ${seen.exitCode ?? 'by a signal'}`;
      const value = surely(clause, seen);
      if (value !== undefined) return `${clause.name} ${formatValue(value, clause.unit)}`;
      return `${clause.name} is not known: ${seen.figures[clause.name]?.note || 'not measured'}`;
    })
    .join(', ');
}
