/** The report of a run from what its passes brought. Pure. */

import { formatDifference } from '../../reports/format.ts';
import {
  type Environment,
  type Figure,
  type Note,
  type Pass,
  type RunReport,
  SCHEMA_VERSION,
  type ScenarioInfo,
  type Spike,
  type Unit,
  type Verdict,
} from '../../reports/model.ts';
import type { Findings } from '../explain/findings.ts';
import { countsOf } from '../metrics/agent-counters.ts';
import type { PassResult } from '../pass/pass-result.ts';
import { describeExit } from '../target/child-target.ts';
import { headlineOf } from './headline.ts';
import { gcEventsOf, seriesOf } from './series.ts';

export interface RunReportInput {
  readonly toolVersion: string;
  readonly scenario: ScenarioInfo;
  readonly command: string;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly environment: Environment;
  readonly findings: Findings;
  /** The passes that explain, in their order. */
  readonly passes: readonly PassResult[];
  readonly spikes: readonly Spike[];
  /** Of the passes that explain. */
  readonly notes: readonly Note[];
  readonly interrupted: boolean;
}

export function buildRunReport(input: RunReportInput): RunReport {
  const { measure, budgets } = input.findings;
  return {
    kind: 'run',
    schemaVersion: SCHEMA_VERSION,
    tool: { name: 'floodgate', version: input.toolVersion },
    target: {
      name: measure.targetName,
      version: measure.lane === 'load' ? '' : input.toolVersion,
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
    gc: gcEventsOf(measure),
    phases: measure.watch.phases.map((phase) => ({ ...phase })),
    spikes: input.spikes,
    budgets,
    figures: figuresOf(input.findings),
    counters: measure.stats.final?.values ?? {},
    ledger: ledgerOf(measure),
    messages: messagesOf(measure),
    verdict: verdictOf(input),
    notes: notesOf(input),
    partial: input.interrupted || !measure.exit.expected,
  };
}

/** What was sent and delivered; null where no frames were. */
function ledgerOf({ sending, stats }: PassResult): RunReport['ledger'] {
  if (!sending) return null;
  const { framesSent, bytesSent, link, balanced } = sending.ledger;
  const framesDropped = countsOf(stats).framesDropped ?? 0;
  return {
    framesSent,
    bytesSent,
    framesDelivered: link.frames,
    bytesDelivered: link.bytes,
    framesDropped,
    ok: balanced,
  };
}

/** What the agent found of what was there; null where either is unknown. */
function messagesOf({ sending, stats }: PassResult): RunReport['messages'] {
  const truth = sending?.truth;
  const { requestsComplete: requests, responsesComplete: responses } = countsOf(stats);
  if (!truth || requests === null || responses === null) return null;
  return {
    found: { requests, responses },
    truth: { requests: truth.requestsIntact, responses: truth.responsesIntact },
    mayBeLost: {
      requests: truth.requests - truth.requestsIntact,
      responses: truth.responses - truth.responsesIntact,
    },
  };
}

/** Of our agent. */
const ceilingExitCode = 4;

function verdictOf(input: RunReportInput): Verdict {
  const { measure, budgets } = input.findings;
  if (input.interrupted) {
    return {
      ok: false,
      exitCode: 3,
      headline: 'Interrupted: what was measured until then is kept, and judges nothing.',
    };
  }
  const { exit } = measure;
  if (!exit.expected) {
    // A target that dies under traffic has failed, whatever its memory was.
    const why = exit.code === ceilingExitCode ? 'reached its own memory ceiling and ended' : 'died under the traffic';
    const budget = budgets.some((each) => !each.ok && each.actual !== null)
      ? ` ${headlineOf(budgets, input.spikes)}`
      : '';
    return { ok: false, exitCode: 1, headline: `The target ${why} (${describeExit(exit)}).${budget}` };
  }
  if (exit.killed) return { ok: false, exitCode: 1, headline: 'The target hung: it had to be killed after SIGTERM.' };
  const ok = budgets.every((budget) => budget.ok);
  return { ok, exitCode: ok ? 0 : 1, headline: headlineOf(budgets, input.spikes) };
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
    note: measures ? 'feeds the budgets' : `feeds no budget${memoryCost(pass, measure)}`,
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

/** By the process itself at its very end, where it told; else by the last look at it. */
function cpuMsOf({ channel, watch }: PassResult): number | null {
  const { usage } = watch;
  return channel.last?.cpuMs ?? (usage ? usage.userMs + usage.systemMs : null);
}

/** What the instruments took at the top, in words. */
function memoryCost(pass: PassResult, measure: PassResult): string {
  const highest = ({ watch }: PassResult) => Math.max(0, ...watch.rss.column('own').map((value) => value ?? 0));
  const added = highest(pass) - highest(measure);
  return added > 0 ? `, ${formatDifference(added, 'bytes')} at its top` : '';
}

function notesOf(input: RunReportInput): Note[] {
  const notes: Note[] = [...input.notes];
  const { measure } = input.findings;
  const { sending } = measure;
  for (const { kind, description, frames } of sending?.impairments ?? []) {
    notes.push({ severity: 'info', text: `${kind}: ${description} (${frames} frames)` });
  }
  if (sending && !sending.ledger.balanced) notes.push({ severity: 'warning', text: sending.ledger.summary });
  for (const pass of [measure, ...input.passes]) {
    for (const error of pass.channel.errors.slice(0, 5)) notes.push({ severity: 'warning', text: `preload: ${error}` });
  }
  if (!measure.exit.expected) {
    for (const line of measure.exit.lastLines) notes.push({ severity: 'warning', text: `target: ${line}` });
  }
  return notes;
}

const units: Readonly<Record<string, Unit>> = {
  'growth.perSecond': 'bytesPerSecond',
  'pages.max': 'count',
  'streams.max': 'count',
  'recovery.seconds': 'seconds',
  'cpu.seconds': 'seconds',
  'dropped.frames': 'count',
  'missed.messages': 'count',
};

/** What was measured and has no limit. */
function figuresOf({ figures, budgets }: Findings): Figure[] {
  return Object.entries(figures)
    .filter(([name, value]) => value !== null && !budgets.some((budget) => budget.name === name))
    .map(([name, value]) => ({ name, unit: units[name] ?? 'bytes', value: value as number }));
}
