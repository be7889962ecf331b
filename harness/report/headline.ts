/** The sentence a person reads first. Pure. */

import {
  formatBytes,
  formatCount,
  formatKeeper,
  formatShare,
  formatSite,
  formatValue,
  standsOut,
} from '../../reports/format.ts';
import type { BudgetResult, Keeper, Spike } from '../../reports/model.ts';

/** What no spike explains: whoever allocated had no part in it. */
const notOfMemory = /^(requests|exchanges|cpu|handles)\.|^bodies\.shed$/;

/**
 * Over budget: the worst limit, the first suspect and the packets; undecided: the first limit that is, and why; within:
 * the tightest limit and what was found.
 */
export function headlineOf(budgets: readonly BudgetResult[], spikes: readonly Spike[]): string {
  const broken = budgets.filter(({ state }) => state === 'over');
  const unknown = budgets.filter(({ state }) => state === 'undecided' || state === 'notMeasured');
  if (broken.length === 0)
    return (unknown.length > 0 ? unknownSentence(unknown) : withinSentence(budgets)) + waivedSentence(budgets);
  const worst = broken.toSorted((a, b) => excessOf(b) - excessOf(a))[0]!;
  const others = broken.length > 1 ? ` and ${broken.length - 1} more` : '';
  const blame = notOfMemory.test(worst.name) ? '' : blameOf(spikeOf(worst, spikes));
  return `${limitWords(worst)}${others}${blame}.${waivedSentence(budgets)}`;
}

/** Line and packets of a spike, as far as they are known. */
function blameOf(spike: Spike | undefined): string {
  if (!spike) return '';
  const line = (spike.keeper && keptWords(spike.keeper, spike)) ?? madeWords(spike);
  const { frames } = spike;
  if (!frames) return line;
  const stream = spike.streams.find(({ destination }) => destination !== '');
  const most = stream ? `, most from ${stream.source} → ${stream.destination}` : '';
  return `${line || ';'} in frames ${formatCount(frames.first)}–${formatCount(frames.last)}${most}`;
}

/** Of what stays, who keeps it, and who made it. */
function keptWords(keeper: Keeper, spike: Spike): string {
  const maker = spike.commonCaller ?? spike.suspects[0];
  return `; kept by ${formatKeeper(keeper)}${maker ? `, made by ${formatSite(maker)}` : ''}`;
}

function madeWords(spike: Spike): string {
  const [suspect] = spike.suspects;
  if (!suspect || !standsOut(spike)) return '';
  const whole =
    spike.line === 'allocated' ? 'what was allocated' : spike.cause === 'leak' ? 'what stays' : 'the growth';
  return `; first suspect ${formatSite(suspect)} (${formatShare(suspect.share)} of ${whole})`;
}

function withinSentence(budgets: readonly BudgetResult[]): string {
  if (budgets.length === 0) return 'No limit was given (--budget), so none was broken.';
  const memory = budgets.filter(({ unit, actual, state }) => unit === 'bytes' && actual !== null && state === 'pass');
  const tightest = memory.toSorted((a, b) => b.actual! / b.limit - a.actual! / a.limit)[0];
  const parts = tightest
    ? [`${tightest.name} ${formatBytes(tightest.actual!)} of ${formatBytes(tightest.limit)} allowed`]
    : ['within its budget'];
  for (const [name, none] of [
    ['missed.messages', 'no intact message missed'],
    ['dropped.frames', 'no frame dropped'],
  ] as const) {
    const budget = budgets.find((each) => each.name === name);
    if (budget) parts.push(budget.actual === 0 ? none : `${name} ${formatCount(budget.actual ?? 0)}`);
  }
  return `${parts.join(', ')}.`;
}

/** Empty where nothing is waived. */
function waivedSentence(budgets: readonly BudgetResult[]): string {
  const waived = budgets.filter(({ state }) => state === 'waived');
  if (waived.length === 0) return '';
  return ` Over budget and waived: ${waived.map((each) => limitWords(each)).join('; ')}.`;
}

/** What is not known is no pass, and no breach either. */
function unknownSentence(unknown: readonly BudgetResult[]): string {
  const [first] = unknown;
  const more = unknown.length - 1;
  const others = more > 0 ? ` (and ${more} more ${more === 1 ? 'limit' : 'limits'} could not be checked)` : '';
  const word = first!.state === 'undecided' ? 'is undecided' : 'was not measured';
  return `${first!.name} ${word}: ${first!.note}${others}.`;
}

function limitWords({ name, unit, limit, actual, bound, note }: BudgetResult): string {
  if (actual === null) return name;
  // Of what lies between two figures only one end is known.
  const [end = '', reason] = /^at (?:most|least)(?=;|$)/.test(note) ? note.split('; ') : ['', note];
  const why = reason ? ` (${reason})` : '';
  return `${name} is ${end === '' ? '' : `${end} `}${formatValue(actual, unit)}, ${bound === 'max' ? 'at most' : 'at least'} ${formatValue(limit, unit)} is allowed${why}`;
}

// How many times over: memory before counts when both are broken, since infinity is for limits of zero.
function excessOf({ actual, limit, bound, unit }: BudgetResult): number {
  if (actual === null) return 0;
  if (limit === 0 || bound === 'min') return unit === 'bytes' ? 2 : 1;
  return actual / limit;
}

/** The spike that broke a limit: of what was allocated where allocation is limited, else of resident memory, of growth a leak; the highest. */
function spikeOf({ name }: BudgetResult, spikes: readonly Spike[]): Spike | undefined {
  const line = name.startsWith('allocated.') ? 'allocated' : 'rss';
  const ofLine = spikes.filter((spike) => spike.line === line);
  const leaks = name.startsWith('growth.') ? ofLine.filter(({ cause }) => cause === 'leak') : [];
  const fitting = leaks.length > 0 ? leaks : ofLine;
  const highest = (fitting.length > 0 ? fitting : spikes).toSorted((a, b) => b.heightBytes - a.heightBytes);
  return highest.find((spike) => spike.suspects.length > 0) ?? highest[0];
}
