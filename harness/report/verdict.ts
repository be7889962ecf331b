/** What a measuring pass and its limits come to. Pure: a run ends with it, and whoever has the pass comes to it again. */
import { formatBytes, formatCount, formatDuration } from '../../reports/format.ts';
import type { BudgetResult, Fault, Spike, Verdict } from '../../reports/model.ts';
import { unansweredOf } from '../metrics/delivery.ts';
import { exitCodeOf } from '../metrics/exit-codes.ts';
import type { MeasuredPass } from '../pass/pass-result.ts';
import type { Budget } from '../scenario/scenario.ts';
import { describeExit, isFaultCode } from '../target/child-target.ts';
import type { GivenUp } from '../target/target.ts';
import { limitsVerdict } from './limits-verdict.ts';
import { isHardlyServed, whyRequestsUnjudged } from './requests-notes.ts';

export interface JudgedPass {
  readonly measure: MeasuredPass;
  /** Whether the target is our own agent, whose exit codes we know. */
  readonly isAgent: boolean;
  readonly budget: Budget;
  readonly spikes: readonly Spike[];
  readonly interrupted: boolean;
}

/** Of our agent. */
const ceilingExitCode = 4;

export function verdictOf(pass: JudgedPass, budgets: readonly BudgetResult[]): Verdict {
  return limitsVerdict(budgets, pass.spikes, faultOf(pass));
}

/** A target that dies under traffic has failed, whatever its memory was. Undefined where it did not. */
function deathOf({ exit }: MeasuredPass, isAgent: boolean): string | undefined {
  if (exit.givenUp) return whyGivenUp(exit.givenUp);
  if (exit.expected && exit.killed) return 'The target hung: it had to be killed after SIGTERM.';
  if (exit.expected) return crashOf(exit);
  const why =
    isAgent && exit.code === ceilingExitCode ? 'reached its own memory ceiling and ended' : 'died under the traffic';
  return `The target ${why} (${describeExit(exit)}).`;
}

/** With their numbers of Linux, wherever this is read. */
const crashes = { SIGILL: 4, SIGTRAP: 5, SIGABRT: 6, SIGBUS: 7, SIGFPE: 8, SIGSEGV: 11, SIGSYS: 31 };
const crashSignals: ReadonlySet<string | null> = new Set(Object.keys(crashes));
/** A shell ends with these where what it ran ended by such a signal. */
const crashCodes: ReadonlySet<number | null> = new Set(Object.values(crashes).map((number) => 128 + number));

type Exit = MeasuredPass['exit'];

/**
 * Whether a target that was asked to end ended by a fault of its own: no program is sent such a signal by whoever ends it. Of Node.js an
 * exception that nothing caught is one.
 */
export function isCrash({ code, signal, uncaught }: Pick<Exit, 'code' | 'signal' | 'uncaught'>): boolean {
  return uncaught === true || crashSignals.has(signal) || crashCodes.has(code);
}

function crashOf(exit: Exit): string | undefined {
  if (!isCrash(exit)) return undefined;
  const by = exit.uncaught ? 'an exception that nothing caught, ' : '';
  return `The target crashed when it was ended (${by}${describeExit(exit)}).`;
}

/** An end of a target that may be meant: other programs than Node.js do not say why. Undefined where it ended well, or has failed. */
export function endNoteOf({ exit }: Pick<MeasuredPass, 'exit'>, isAgent: boolean): string | undefined {
  const isOdd = exit.expected && !exit.killed && !isCrash(exit) && isFaultCode(exit.code);
  return isOdd && !isAgent
    ? `The target ended with exit code ${exit.code} when it was asked to end: its last lines may say why.`
    : undefined;
}

function whyGivenUp(givenUp: GivenUp): string {
  return givenUp.why === 'stalled'
    ? `The target hung: it took no frame for ${formatDuration(givenUp.stalledMs)}, and was ended.`
    : `The target took ${formatBytes(givenUp.rssBytes)}, nearly all memory of this machine, and was ended.`;
}

/** What keeps a run from passing whatever its limits are, and whichever of them are waived; null where nothing does. */
export function faultOf(pass: Omit<JudgedPass, 'spikes'>): Fault | null {
  if (pass.interrupted)
    return { exitCode: 3, headline: 'Interrupted: what was measured until then is kept, and judges nothing.' };
  const death = deathOf(pass.measure, pass.isAgent);
  if (death !== undefined) return { exitCode: 1, headline: death };
  const unjudged = whyUnjudged(pass);
  return unjudged === undefined ? null : { exitCode: exitCodeOf([{ state: 'undecided' }]), headline: unjudged };
}

/**
 * Why limits that hold say nothing: the target was not given what it was to be judged under. Who expects that says so
 * with a limit of its own. Undefined where there is no such reason.
 */
function whyUnjudged({ measure, budget }: Pick<JudgedPass, 'measure' | 'budget'>): string | undefined {
  const { sending, answers } = measure;
  const unanswered = unansweredOf(answers, measure.unanswered).least;
  const refused = sending?.ledger.framesRefused ?? 0;
  if (refused > 0 && budget['dropped.frames'] === undefined) {
    return `The device refused ${formatCount(refused)} of ${formatCount(sending!.ledger.framesSent)} frames; limits on the rest decide nothing (--budget dropped.frames=N if that is meant).`;
  }
  if (sending && sending.ledger.framesSent === 0) {
    return 'No frame was sent: nothing of the traffic was left (--filter, --from, --to, --impair, or an empty capture); limits on nothing decide nothing.';
  }
  const cut = sending?.impairments?.find(({ isIncomplete }) => isIncomplete);
  if (cut) {
    return `${cut.description}; limits on a part decide nothing (floodgate edit IN OUT makes a capture of that part, if it is meant).`;
  }
  const { requests } = measure;
  if (requests) return whyRequestsUnjudged(requests, budget);
  const { total, not2xx } = answers ?? { total: 0, not2xx: 0 };
  // A limit of as many says that they are meant; one of fewer is over.
  if ((budget['requests.failed'] ?? -1) >= not2xx + unanswered) return undefined;
  const such = 'limits under such a load decide nothing (--budget requests.failed=N if that is meant)';
  if (total === 0) {
    return unanswered > 0 ? `None of ${formatCount(unanswered)} requests got an answer; ${such}.` : undefined;
  }
  const all = total + unanswered;
  if (!isHardlyServed(all, not2xx + unanswered)) return undefined;
  const served = total === not2xx ? 'None' : `Only ${formatCount(total - not2xx)}`;
  const what = unanswered > 0 ? 'requests had an answer with' : 'answers had';
  return `${served} of ${formatCount(all)} ${what} a status of 2xx; ${such}.`;
}
