/** What both programs end with: the page docs/exit-codes.md, the help of each command and every verdict come from these rows. */
import type { BudgetResult } from '../../reports/model.ts';

export interface ExitCode {
  readonly code: number;
  /** In a few words, for the help. */
  readonly means: string;
  readonly detail: string;
}

/** Of `floodgate`. */
export const exitCodes = [
  {
    code: 0,
    means: 'within budget',
    detail: 'Every limit was checked and holds; or the command did what it was asked to.',
  },
  {
    code: 1,
    means: 'over budget',
    detail:
      'A limit is broken, or the target died or hung under the traffic, or crashed when it was ended: by a signal, or, of Node.js, an exception that nothing caught.',
  },
  {
    code: 2,
    means: 'could not run',
    detail:
      'Nothing was judged: a wrong option, a target that cannot be started, no permission, a full disk, or floodgate was killed. The message says what to do.',
  },
  {
    code: 3,
    means: 'interrupted',
    detail: 'By Ctrl-C or SIGTERM; what was measured until then is in a partial report.',
  },
  {
    code: 4,
    means: 'undecided or not measured',
    detail:
      'No limit is broken, but one at least could not be checked; the report says which, why, and what it would take.',
  },
] as const satisfies readonly ExitCode[];

/** Of `floodgate-agent`, which judges nothing. */
export const agentExitCodes: readonly ExitCode[] = [
  { code: 0, means: 'done', detail: 'The capture ended, also by SIGTERM or Ctrl-C.' },
  { code: 2, means: 'could not run', detail: 'It could not begin, or could not go on. The message says what to do.' },
  {
    code: 4,
    means: 'memory ceiling reached',
    detail: '--memory-ceiling was reached; it ends instead of taking the machine down.',
  },
  { code: 5, means: 'witnesses lost', detail: 'Done, but witnesses that were to be uploaded did not arrive.' },
];

/** For the help of a command; a line a code, for a terminal of 80 columns. */
export const exitCodesLine = `Exit codes:\n${exitCodes.map(({ code, means }) => `  ${code}  ${means}`).join('\n')}`;

/** Whatever ends a run before its verdict comes first; of verdicts, over comes before undecided. */
const precedence = [3, 2, 1, 4, 0];

/** Of several runs, the one that counts. */
export function worstExitCode(codes: readonly number[]): number {
  return codes.toSorted((a, b) => precedence.indexOf(a) - precedence.indexOf(b))[0] ?? 0;
}

/** A limit that is broken is broken, whatever else could not be checked. */
export function exitCodeOf(budgets: readonly Pick<BudgetResult, 'state'>[]): number {
  return worstExitCode(
    budgets.map(({ state }) => (state === 'pass' || state === 'waived' ? 0 : state === 'over' ? 1 : 4)),
  );
}
