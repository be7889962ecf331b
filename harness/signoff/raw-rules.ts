/**
 * What raw data may not contradict: nobody can make them again, but whoever changes one thing has to change all that says the same. The one
 * table of these rules; docs/signoff.md shows it, with what no rule can see. Pure.
 */

import type { SignoffReport } from '../../reports/signoff.ts';
import type { Measurement } from '../report/measurement.ts';
import { inputsFault } from './input-origin.ts';
import { collectionsFault } from './raw-collections.ts';
import { allocatedFault, answersFault, columnsFault, heapFault, negativeFault, sentFault } from './raw-counts.ts';
import { marksFault } from './raw-marks.ts';
import { groupFault, levelsFault, partsFault, peakFault, phasesFault } from './raw-memory.ts';
import { placesFault } from './raw-places.ts';
import { sharesFault } from './raw-shares.ts';
import { fitnessFault, releaseFault, sitesFault, sourceFault, versionFault } from './raw-summary.ts';
import { sumsFault } from './raw-sums.ts';
import { exitFault, timesFault } from './raw-times.ts';
import { loadTimeFault, requestsFault, workFault } from './raw-work.ts';
import { type Reason, refused } from './refusal.ts';
import { copyFault, loadFault, orderFault, type RunSequence, spanFault, type TakenRun } from './run-sequence.ts';
import type { SourceFile } from './source-list.ts';
import { summaryName } from './summary.ts';

interface Rule {
  readonly name: string;
  /** A sentence for people. */
  readonly rule: string;
  /** Why no honest run breaks it. */
  readonly why: string;
}

/** Of one file of raw data. */
interface RunRule extends Rule {
  /** Another version may sample, count or name otherwise. */
  readonly isOfAnyVersion?: true;
  /** @returns what is wrong, in words */
  readonly fault: (measurement: Measurement) => string | undefined;
}

export const runRules: readonly RunRule[] = [
  {
    name: 'amounts',
    rule: 'No amount, count or time is less than nothing.',
    why: 'They are counted up from none.',
    isOfAnyVersion: true,
    fault: negativeFault,
  },
  {
    name: 'whole bytes',
    rule: 'Resident memory, its shares and its kinds, and all that was allocated, are whole bytes; page faults are no fewer at the end, and a process has a thread.',
    why: 'The kernel counts pages, and V8 bytes.',
    fault: partsFault,
  },
  {
    name: 'columns',
    rule: 'Each table has the columns that floodgate samples, once each, in their order; what a target says has the members that it says, and collections the kinds that V8 names.',
    why: 'There is one list of them.',
    fault: columnsFault,
  },
  {
    name: 'end',
    rule: 'A target ends by a code or by a signal; one that was killed was asked to end before; one that was given up did not end as expected.',
    why: 'The kernel says one of the two, and floodgate asks before it kills.',
    isOfAnyVersion: true,
    fault: exitFault,
  },
  {
    name: 'times',
    rule: 'Traffic begins in the first phase, before any of it was counted as sent, and ends before the last, behind its beginning; nothing was sampled, collected, marked or said after the run, and 30 s for the target to end.',
    why: 'Whoever watches stops then.',
    fault: timesFault,
  },
  {
    name: 'peak',
    rule: 'No sample, reading, phase or share is above the kernel’s peak (2 % and 4 MB), nor a sample above the peak beside it; no peak beside a sample, nor of a phase, that came with the traffic is above the peak of the traffic.',
    why: 'The kernel keeps the highest there was.',
    isOfAnyVersion: true,
    fault: peakFault,
  },
  {
    name: 'shares',
    rule: 'Of each look at the shares: pages of its own are no more than it answers for, these no more than all, and of what is not its own it answers for a half at most (2 % and 4 MB); a service of Node.js answers for all pages of no file, and its share of files, but for two looks by process that it started. All of them together are of the memory that the samples and readings beside them saw, and the highest is the one that was kept. A look comes every five seconds, and at the end of whoever was still there, unless there was more memory than any of them saw (a shell that became another program).',
    why: 'The kernel adds them up of the same pages, at one moment; in 1,150 runs they were off by 1 MB at most.',
    fault: sharesFault,
  },
  {
    name: 'phases',
    rule: 'Phases follow one another, begin and end with those of the lane, and hold no sample above their peak (2 % and 4 MB).',
    why: 'One ends where the next begins, and a sample is taken then.',
    fault: phasesFault,
  },
  {
    name: 'control group',
    rule: 'No charge of the control group is above its highest.',
    why: 'Both are of the same readings.',
    fault: groupFault,
  },
  {
    name: 'readings',
    rule: 'What lies between the samples is what the readings a millisecond say, and no part of it is more than all; without such readings they are the samples.',
    why: 'The one is computed of the other.',
    isOfAnyVersion: true,
    fault: levelsFault,
  },
  {
    name: 'sent',
    rule: 'Frames and bytes sent grow; the last sample of them is what the ledger has.',
    why: 'A sample is taken when all was sent.',
    fault: sentFault,
  },
  {
    name: 'load',
    rule: 'The samples of a load are of as many milliseconds as it took (2 s and 5 %).',
    why: 'Both are of the same clock.',
    fault: loadTimeFault,
  },
  {
    name: 'work',
    rule: 'CPU time of a service of Node.js is what the kernel has of it (two ticks of 10 ms, 1 %, and what its threads can take between the two looks); it reads and writes no fewer bytes than it answers (1 MiB and 5 %).',
    why: 'The process and the kernel count the same.',
    fault: workFault,
  },
  {
    name: 'allocated',
    rule: 'From mark to mark there are more requests, and no fewer bytes allocated, of young objects and off the heap; young ones are part of all; the end has at least as much (but for 2 MiB and 2 % of the heap, which V8 sweeps late).',
    why: 'Sums of what was allocated only grow; young objects are known to the byte.',
    fault: allocatedFault,
  },
  {
    name: 'heap',
    rule: 'The heap’s peak before collections, and what the last whole one left, are at least those of each collection; no heap holds more than its size; not every collection leaves more than it found; the last reading is the last of the heap, in all that is drawn of it, and holds what its sums are made of.',
    why: 'V8 says both of the same collections.',
    fault: heapFault,
  },
  {
    name: 'collections',
    rule: 'What the last whole collection left is what the last reading says, nothing where there was none, and with the threads’ at least that. At each mark, and at the end, there lies at least what the collection before it left, and at most what the next one found: of young objects to the byte, of all but for 1 MiB and 5 % of the heap. Collections come before the mark that counts them (100 ms), and behind the one before that, or a second before the last that does not. None but whole ones free what is old (4 MiB, and 25 % of the heap), and nowhere lies less that is young than the last whole one left.',
    why: 'Between two collections a heap grows, and readings and collections are counted in their order. A whole one leaves nothing young but large objects, which stay until the next; in 27,000 collections none was otherwise.',
    fault: collectionsFault,
  },
  {
    name: 'answers',
    rule: 'Answers by status add up; the pass has all that the process gave, by status and in bytes, and where it gave all of them the two are the same; no request is marked beyond those answered.',
    why: 'The pass adds up what each process counted.',
    isOfAnyVersion: true,
    fault: answersFault,
  },
  {
    name: 'requests',
    rule: 'Of recorded requests answers and those without one are as many as were sent, and no more than were recorded; errors are among the answers with another status than 2xx, and among those that differ or were compared with none. Looks at what stays do not go back in the traffic.',
    why: 'Each request is counted once, by what became of it.',
    fault: requestsFault,
  },
  {
    name: 'marks',
    rule: 'Requests are marked at 100, 200 and so on (from 10,000 on a hundredth of what there was apart), none left out; readings are no more than marks, four a second (of a service behind a launcher, or with children, 25 more) and eight. At each mark but the last there is a reading; there, and between any two, what was allocated is what the reading has without what readings of its own and of other threads take (256 KiB, and 2 % of the heap), and no more above it than others allocated; these are threads, or processes that it started. It is no less than what collections found, nor off the heap than lay there; readings grow, and take 128 KiB each at most, more where they list collections or handles.',
    why: 'A mark and its reading are of one sum, and collections are counted into it.',
    fault: marksFault,
  },
  {
    name: 'sums',
    rule: 'Sums of allocation are made again, from each mark to any later one and to the end: so many young objects were allocated as lie on the heap more and as collections freed, to the byte; of what began old no more than that (1 MiB, and 10 % of the heap), and no less but for 768 KiB a collection. The reading beside a mark is of the same heap; readings take 96 KiB each, 40 KiB for each collection that they list, and 384 KiB, all of it young objects, and the one at a mark at least 16 KiB.',
    why: 'The sum is made of the same collections and the same heap; in 17 services of many kinds young objects came out to the byte.',
    fault: sumsFault,
  },
  {
    name: 'places',
    rule: 'A place that allocated, a file and a function in it, stands once.',
    why: 'What functions of one name took in one file is added up.',
    fault: placesFault,
  },
];

/** Of a run among the others, in the order in which they were measured. */
interface SequenceRule extends Rule {
  readonly reason: Reason;
  readonly fault: (run: TakenRun, known: RunSequence) => string | undefined;
}

export const sequenceRules: readonly SequenceRule[] = [
  {
    name: 'time of the sign-off',
    rule: 'Each run lies between the beginning of the sign-off and its signing (1 s for a clock that is set).',
    why: 'One machine’s clock says all of these.',
    reason: 'report-differs',
    fault: spanFault,
  },
  {
    name: 'one run twice',
    rule: 'No two runs begin at once, are looked at in the same moments, have the same collections to the microsecond, or move in memory the same way: three stretches of 16 moves, 10 of which differ, counted in pages.',
    why: 'Of 55,000 pairs of honest runs, many of them of the exact lane, none shared one such stretch.',
    reason: 'report-differs',
    fault: copyFault,
  },
  {
    name: 'one after another',
    rule: 'A run begins when the one before has ended (1 s for a clock that is set): runs by scenario and lane, then its pairs as the seed draws them.',
    why: 'A sign-off measures one at a time.',
    reason: 'comparison-differs',
    fault: orderFault,
  },
];

/** Of the runs of one scenario in one lane, when all are known. */
const sameLoad: Rule = {
  name: 'same load',
  rule: 'Where each run of three pairs and more answered the very same number of requests, by status (a load by count), the run before them answered as many (50, and 0.5 %), unless it met other statuses.',
  why: 'They had the same load; by time, six runs are not answered equally often.',
};

/** Of what stands in the summary alone. */
interface SummaryRule extends Rule {
  readonly fault: (report: SignoffReport, source: readonly SourceFile[]) => string | undefined;
}

export const summaryRules: readonly SummaryRule[] = [
  {
    name: 'release',
    rule: 'Its name can be printed, and has 200 characters at most.',
    why: 'Another is refused before anything is measured.',
    fault: releaseFault,
  },
  {
    name: 'versions',
    rule: 'A package has no commit and no changes; what has changes was named by a path.',
    why: 'A commit or a tag is checked out as it is.',
    fault: versionFault,
  },
  {
    name: 'busy machine',
    rule: 'Pairs on a busy machine are no more than there were, are none where no limit asks, and have a fault in floodgate’s words.',
    why: 'The machine is asked only where a threshold is on what neighbours move.',
    fault: fitnessFault,
  },
  {
    name: 'call sites',
    rule: 'There are some only where something got worse, and they have what a comparison has.',
    why: 'They are looked for in that case.',
    fault: sitesFault,
  },
  {
    name: 'source',
    rule: 'candidate.sha256 is sorted, and no name in it leaves the candidate.',
    why: 'It is made by one walk.',
    fault: sourceFault,
  },
  {
    name: 'drivers',
    rule: 'A file that drove it is the candidate’s where candidate.sha256 has one of its name and digest, and nowhere else; none stands twice.',
    why: 'Where it came from is said by that list.',
    fault: inputsFault,
  },
];

/** Each row of docs/signoff.md. */
export const rawRules: readonly Rule[] = [...runRules, ...sequenceRules, sameLoad, ...summaryRules];

/** @throws Refused */
export function checkRaw(name: string, measurement: Measurement, isOwnVersion: boolean): void {
  for (const { isOfAnyVersion, fault } of runRules) {
    const what = isOwnVersion || isOfAnyVersion ? fault(measurement) : undefined;
    if (what !== undefined) throw refused('data-invalid', `${name} contradicts itself: ${what}`);
  }
}

/** @throws Refused */
export function takeRun(known: RunSequence, run: TakenRun): void {
  for (const { reason, fault } of sequenceRules) {
    const what = fault(run, known);
    if (what !== undefined) throw refused(reason, `${run.name} ${what}`);
  }
  known.add(run);
}

/** @param place scenario and lane, as their folder is named @throws Refused */
export function checkSameLoad(known: RunSequence, place: string): void {
  const what = loadFault(place, known);
  if (what !== undefined) throw refused('comparison-differs', `runs/${place} ${what}`);
}

/** For bundles of this version. @throws Refused */
export function checkRawSummary(report: SignoffReport, source: readonly SourceFile[]): void {
  for (const { fault } of summaryRules) {
    const what = fault(report, source);
    if (what !== undefined) throw refused('summary-invalid', `${summaryName}: ${what}`);
  }
}
