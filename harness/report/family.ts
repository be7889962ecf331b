/** What the target started, for the report: threads, processes, and all of it as one line. Pure. */
import { formatBytes } from '../../reports/format.ts';
import type { BudgetResult, Family, FamilyProcess, FamilyThread, Note, SeriesTable } from '../../reports/model.ts';
import { largest } from '../metrics/memory.ts';
import { type FamilyLine, familyLineOf } from '../metrics/tree.ts';
import type { MeasuredPass, NamedMember, PassResult } from '../pass/pass-result.ts';
import type { PreloadChannel } from '../watch/preload-channel.ts';
import type { ThreadFigures } from '../watch/thread-figures.ts';

export function familyOf(measure: PassResult): Family | null {
  const { family, channel } = measure;
  if (!family) return null;
  return {
    threads: channel.threads.listed.map(threadOf),
    // The target itself is among them where another process of it is the one that listens.
    processes: family.members.map((member) => processOf(member, channelFor(member, [channel, ...family.channels]))),
    treeMaxBytes: treeMaxOf(measure),
    unlisted: family.unwatched + [channel, ...family.channels].reduce((sum, { threads }) => sum + threads.uncounted, 0),
  };
}

/** Null where there is nothing but the target. */
export function treeMaxOf(measure: MeasuredPass): number | null {
  const { line } = lineOf(measure) ?? {};
  return line ? largest(line.bytes) : null;
}

/** Undefined where there is nothing but the target. */
function lineOf(measure: MeasuredPass): FamilyLine | undefined {
  return measure.family && measure.family.members.length > 0 ? familyLineOf(measure) : undefined;
}

/** The last process of that number, which a later one may have as well. */
function channelFor({ pid }: NamedMember, channels: readonly PreloadChannel[]): PreloadChannel | undefined {
  return channels.findLast((channel) => channel.pid === pid);
}

function processOf(member: NamedMember, channel: PreloadChannel | undefined): FamilyProcess {
  const { pid, parent, command, startMs, endMs, watch, refusal } = member;
  const last = channel?.last;
  return {
    pid,
    parent,
    command,
    runtime: channel?.runtime ?? '',
    startMs,
    endMs,
    rssMaxBytes: watch ? Math.max(watch.rssPeakBytes, largest(watch.rss.column('rss')) ?? 0) : null,
    pssMaxBytes: watch ? largest(watch.rollup.column('pss')) : null,
    heapMaxBytes: channel ? largest(channel.v8.column('heapUsed')) : null,
    allocatedBytes: last?.allocated ?? null,
    threads: channel?.threads.listed.map(threadOf) ?? [],
    note: noteOf(refusal, command, last !== undefined),
  };
}

function noteOf(refusal: string, command: string, isLookedInto: boolean): string {
  if (refusal !== '') return `not looked at: ${refusal}`;
  if (isLookedInto) return '';
  // npm gives itself a title.
  return /(^|\/)(node(js)?|npm|npx)( |$)/.test(command)
    ? 'memory only: the preload did not reach it, or it had ended before it said anything'
    : 'memory only: it is no Node.js program, whose call sites are not available here';
}

function threadOf({ id, name, startMs, endMs, v8, last, isSeen }: ThreadFigures): FamilyThread {
  return {
    id,
    name,
    startMs,
    endMs,
    heapMaxBytes: last ? largest(v8.column('heapUsed')) : null,
    externalMaxBytes: last ? largest(v8.column('external')) : null,
    allocatedBytes: last?.allocated ?? null,
    note: isSeen
      ? last
        ? ''
        : 'not looked at: it ended before it was read'
      : 'not looked at: the preload did not reach it',
  };
}

/** Lines of the chart: all together, each process, the heap of each thread. */
export function familySeries(measure: PassResult): SeriesTable[] {
  const { family, channel } = measure;
  if (!family) return [];
  return [
    ...treeSeries(measure),
    ...family.members.flatMap(({ watch, pid, command }) => {
      if (!watch) return [];
      const { tMs, rss } = watch.line();
      return [lineTable('memory', `process ${pid} ${shortCommand(command)}`, tMs, rss)];
    }),
    ...channel.threads.listed.map(({ id, name, v8 }) =>
      lineTable('heap', `thread ${id} ${name} heapUsed`, v8.tMs(), v8.column('heapUsed')),
    ),
  ];
}

/** All of them together; none where there is nothing but the target. */
export function treeSeries(measure: MeasuredPass): SeriesTable[] {
  const line = lineOf(measure);
  return line ? [lineTable('memory', 'tree', line.line.tMs, line.line.bytes)] : [];
}

const lineTable = (
  group: 'memory' | 'heap',
  name: string,
  tMs: readonly number[],
  values: readonly (number | null)[],
) => ({
  group,
  tMs,
  columns: [{ name, unit: 'bytes' as const, kind: 'gauge' as const, values }],
});

const commandCharactersMax = 40;

/** Its program and what it runs, without folders. */
function shortCommand(command: string): string {
  const words = command.split(' ').filter((word) => !word.startsWith('--'));
  return words
    .map((word) => word.slice(word.lastIndexOf('/') + 1))
    .join(' ')
    .slice(0, commandCharactersMax);
}

const namesMax = 3;

/** Limits on the memory of one process that hold, though all together take more. */
function limitsOnOne({ treeMaxBytes }: Family, budgets: readonly BudgetResult[]): Note[] {
  if (treeMaxBytes === null || budgets.some(({ name }) => name === 'tree.max')) return [];
  const held = budgets.filter(({ name, ok, limit }) => ok && /^(rss|pss|uss)\./.test(name) && limit < treeMaxBytes);
  if (held.length === 0) return [];
  const names = held.map(({ name }) => name).join(', ');
  const verb = held.length === 1 ? 'is' : 'are';
  const text = `${names} ${verb} of one process: all processes together take ${formatBytes(treeMaxBytes)} at most; tree.max limits them`;
  return [{ severity: 'warning', text }];
}

/** What no limit holds, and what could not be looked into, in words. */
export function familyNotes(family: Family, budgets: readonly BudgetResult[]): Note[] {
  const { threads, processes, unlisted } = family;
  const all = [...threads, ...processes.flatMap((each) => each.threads)];
  const notes = limitsOnOne(family, budgets);
  const unreached = all.filter(({ note }) => note !== '');
  const list = (names: readonly string[]) =>
    names.slice(0, namesMax).join('; ') + (names.length > namesMax ? `; ${names.length - namesMax} more` : '');
  if (unreached.length > 0) {
    const text = `worker threads not looked into: ${list(unreached.map(({ id, name, note }) => `thread ${id} ${name} (${note})`))}`;
    notes.push({ severity: 'warning', text });
  }
  const unknown = processes.filter(({ rssMaxBytes }) => rssMaxBytes === null);
  if (unknown.length > 0) {
    const text = `processes whose memory is not known: ${list(unknown.map(({ pid, command, note }) => `${pid} ${shortCommand(command)} (${note})`))}`;
    notes.push({ severity: 'warning', text });
  }
  const outside = processes.filter(({ rssMaxBytes, note }) => rssMaxBytes !== null && note !== '');
  if (outside.length > 0) {
    const text = `processes without call sites: ${list(outside.map(({ pid, command, note }) => `${pid} ${shortCommand(command)} (${note})`))}`;
    notes.push({ severity: 'info', text });
  }
  if (unlisted > 0)
    notes.push({ severity: 'warning', text: `${unlisted} more threads or processes were not looked at` });
  return notes;
}
