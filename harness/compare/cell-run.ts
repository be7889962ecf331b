/** One run of one version, which has to come to a verdict. */
import { FloodgateError } from '../../agent/errors.ts';
import type { RunReport } from '../../reports/model.ts';
import { killedWords } from '../link/namespace.ts';
import { shownCommand } from '../requests/shown-command.ts';
import { plainCommand } from '../target/plain-output.ts';
import { errorSentence } from './floodgate-process.ts';
import { type RunOrder, runReported } from './run-process.ts';

/**
 * @param order `who` is run, for the message where several are
 * @throws FloodgateError `run-killed`, `run-failed` where the run ends with anything else but a verdict, `interrupted`
 */
export async function runCell(order: RunOrder & { readonly who?: string }): Promise<RunReport> {
  const end = await runReported(order);
  refuseInterrupted(order.signal);
  if (end.report) return end.report;
  const who = order.who === undefined ? '' : `${order.who}: `;
  const shown = await plainCommand(shownCommand(['run', ...order.arguments]), order.arguments);
  if (end.code === null || errorSentence(end.errors)?.startsWith(killedWords)) {
    const words = `${who}killed, cause unknown: ${shown}`;
    throw new FloodgateError('run-killed', words, {
      hint: 'It came to no verdict. Was the machine, or a container, out of memory? The kernel says so: dmesg.',
    });
  }
  const sentence = errorSentence(end.errors);
  const said = sentence === undefined ? end.errors : end.errors.slice(end.errors.indexOf(sentence) + sentence.length);
  const byHand = `Run it by hand: ${shown}`;
  throw new FloodgateError('run-failed', `${who}${sentence ?? `a run ended with ${end.code}`}`, {
    hint: `${said.trim()}\n${byHand}`.trim(),
  });
}

/** @throws FloodgateError `interrupted` */
export function refuseInterrupted(signal: AbortSignal): void {
  if (signal.aborted) throw new FloodgateError('interrupted', 'interrupted', { hint: '', exitCode: 3 });
}
