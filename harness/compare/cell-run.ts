/** One run of one version, which has to come to a verdict. */
import { FloodgateError } from '../../agent/errors.ts';
import type { RunReport } from '../../reports/model.ts';
import { shownArguments } from '../requests/shown-rules.ts';
import { type RunOrder, runReported } from './run-process.ts';

/**
 * @param order `who` is run, for the message where several are
 * @throws FloodgateError `run-failed` where the run ends with anything but a verdict, `interrupted`
 */
export async function runCell(order: RunOrder & { readonly who?: string }): Promise<RunReport> {
  const end = await runReported(order);
  if (order.signal.aborted)
    throw new FloodgateError('interrupted', 'the comparison was interrupted', { hint: '', exitCode: 3 });
  if (end.report) return end.report;
  const who = order.who === undefined ? '' : `${order.who}: `;
  throw new FloodgateError(
    'run-failed',
    `${who}a run ended with ${end.code ?? 'a signal'}: floodgate run ${shownArguments(order.arguments).join(' ')}`,
    {
      hint: end.errors.trim(),
    },
  );
}
