/** The report of a run from what its passes brought. Pure. */

import { formatCount, formatDifference } from '../../reports/format.ts';
import {
  type Environment,
  type Note,
  type Pass,
  type RunReport,
  SCHEMA_VERSION,
  type ScenarioInfo,
  type Spike,
} from '../../reports/model.ts';
import { figures, judge, type Readings } from '../metrics/budgets.ts';
import { markImplied } from '../metrics/implied-limits.ts';
import { largest } from '../metrics/memory.ts';
import type { PassResult } from '../pass/pass-result.ts';
import type { Budget } from '../scenario/scenario.ts';
import type { RateProfile } from '../traffic/rate-profile.ts';
import { derivedOf, feedsBudgets, feedsNone, measuredNotes } from './derived.ts';
import { familyNotes, familyOf } from './family.ts';
import { pacingNotes } from './pacing-notes.ts';
import { pauseNotes } from './pause-notes.ts';
import { portNotes, severalPortsNotes } from './port-notes.ts';
import { requestNotes } from './requests-notes.ts';
import { seriesOf } from './series.ts';
import { lastLinesOf } from './target-words.ts';
import { faultOf, verdictOf } from './verdict.ts';

export interface RunReportInput {
  readonly toolVersion: string;
  readonly scenario: ScenarioInfo;
  readonly command: string;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly environment: Environment;
  /** Whether the target is our own agent, whose version and exit codes we know. */
  readonly isAgent: boolean;
  /** Which of its stages ran; empty for other targets. */
  readonly stages: string;
  readonly budget: Budget;
  /** Names of its limits that nobody wrote. */
  readonly implied: readonly string[];
  /** Of the pace, where it has one. */
  readonly profile: RateProfile | undefined;
  readonly measure: PassResult;
  readonly readings: Readings;
  /** The passes that explain, in their order. */
  readonly passes: readonly PassResult[];
  readonly spikes: readonly Spike[];
  /** Of the passes that explain. */
  readonly notes: readonly Note[];
  readonly interrupted: boolean;
}

export async function buildRunReport(input: RunReportInput): Promise<RunReport> {
  const { measure } = input;
  const budgets = markImplied(judge(input.budget, input.readings), input.implied);
  const family = familyOf(measure);
  return {
    kind: 'run',
    schemaVersion: SCHEMA_VERSION,
    tool: { name: 'floodgate', version: input.toolVersion },
    target: {
      name: measure.targetName,
      version: input.isAgent ? input.toolVersion : '',
      runtime: measure.channel.runtime,
      stages: input.stages,
      command: measure.commandLine,
    },
    environment: input.environment,
    startedAt: input.startedAt,
    durationMs: input.durationMs,
    command: input.command,
    scenario: input.scenario,
    lane: measure.lane,
    passes: [measure, ...input.passes].map((pass) => passOf(pass, measure)),
    series: seriesOf(measure),
    ...derivedOf(measure),
    spikes: input.spikes,
    budgets,
    figures: figures(input.readings),
    family,
    fault: faultOf(input),
    verdict: verdictOf(input, budgets),
    notes: [
      ...notesOf(input),
      ...(await lastLinesOf(measure, input.isAgent)),
      ...(family ? familyNotes(family, budgets) : []),
    ],
    partial: input.interrupted || !measure.exit.expected,
  };
}

function passOf(pass: PassResult, measure: PassResult): Pass {
  const measures = pass === measure;
  return {
    kind: pass.kind,
    startedAtMs: 0,
    durationMs: pass.durationMs,
    instruments: pass.instruments,
    disturbed: !measures,
    overheadShare: overheadOf(pass, measure),
    note: measures ? feedsBudgets : `${feedsNone}${memoryCost(pass, measure)}`,
  };
}

/** CPU that the instruments of a pass took, as a share of what the target took without them; null where unknown. */
function overheadOf(pass: PassResult, measure: PassResult): number | null {
  const base = cpuMsOf(measure);
  const cpuMs = cpuMsOf(pass);
  if (base === null || cpuMs === null || base === 0) return null;
  const { ownMs } = measure.channel.last ?? {};
  if (pass === measure) return ownMs === undefined ? null : ownMs / base;
  return Math.max(0, (cpuMs - base) / base);
}

/** By the process itself at its very end, where it reported; else by the last reading. */
function cpuMsOf({ channel, watch }: PassResult): number | null {
  const { usage } = watch;
  return channel.last?.cpuMs ?? (usage ? usage.userMs + usage.systemMs : null);
}

/** What the instruments took at the top, in words. */
function memoryCost(pass: PassResult, measure: PassResult): string {
  const highest = ({ watch }: PassResult) => largest(watch.rss.column('own')) ?? 0;
  const added = highest(pass) - highest(measure);
  return added > 0 ? `, ${formatDifference(added, 'bytes')} at its top` : '';
}

function notesOf(input: RunReportInput): Note[] {
  const notes: Note[] = [...input.notes];
  const { measure } = input;
  const { sending } = measure;
  for (const { kind, description, frames } of sending?.impairments ?? []) {
    notes.push({ severity: 'info', text: `${kind}: ${description} (${frames} frames)` });
  }
  for (const { count, what } of sending?.truth?.doubts ?? []) {
    notes.push({ severity: 'info', text: `messages: not all is known: ${formatCount(count)} ${what}` });
  }
  if (sending) notes.push(...pacingNotes(sending, input.profile));
  notes.push(...requestNotes(measure));
  notes.push(...portNotes(measure), ...severalPortsNotes(measure));
  notes.push(...measuredNotes(measure));
  for (const pass of [measure, ...input.passes]) {
    for (const error of pass.channel.errors.slice(0, 5)) notes.push({ severity: 'warning', text: `preload: ${error}` });
  }
  if (!measure.watch.seesEveryPeak) {
    const text =
      "the kernel's peak of its memory cannot be read and lowered (clear_refs): a spike shorter than the time between two readings " +
      'may be missing, or lower than it was';
    notes.push({ severity: 'warning', text });
  }
  notes.push(...pauseNotes(measure.watch.levels().tMs));
  if (measure.companion && !measure.companion.endedWell) {
    notes.push({ severity: 'warning', text: `the ${measure.companion.name} ended before the run did` });
  }
  return notes;
}
