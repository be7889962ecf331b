/** What becomes of the traffic on its way, as the command line says it: for `floodgate run` and `floodgate edit`. */
import path from 'node:path';
import type { Command } from 'commander';
import { FloodgateError } from '../../agent/errors.ts';
import type { ImpairOrder } from '../traffic/impaired-traffic.ts';
import { parseImpairments } from '../traffic/impairments/parse.ts';
import { addEditOptions, type EditFlags } from './edit-flags.ts';
import { repeated } from './repeated-option.ts';

export { editOrderOf } from './edit-flags.ts';

export interface TrafficFlags extends EditFlags {
  /** Further captures. */
  readonly merge?: readonly string[];
  readonly impair?: string;
  readonly impairFile?: string;
}

/** In the folder of a report. */
export const scheduleName = 'applied.impair.jsonl';

export function addTrafficOptions(command: Command): void {
  addEditOptions(command);
  command
    .option(
      '--merge <file>',
      'another capture, its frames between the others by their times; may be repeated',
      repeated,
    )
    .option(
      '--impair <list>',
      'capture-side impairments, in this order, e.g. loss=1%,reorder=2%/50,duplicate=0.5%; floodgate list --impairments shows all',
    )
    .option('--impair-file <file>', `an applied schedule (${scheduleName} of a report) again, byte for byte`);
}

/** @param seed of every random choice @throws FloodgateError `option-invalid` */
export function impairOrderOf(
  flags: Pick<TrafficFlags, 'impair' | 'impairFile'>,
  seed: number,
): ImpairOrder | undefined {
  const { impair, impairFile } = flags;
  if (impair !== undefined && impairFile !== undefined) {
    throw new FloodgateError('option-invalid', '--impair and --impair-file exclude each other', {
      hint: 'A schedule names its impairments itself: leave out --impair.',
    });
  }
  if (impairFile !== undefined) return { impairments: [], seed, replayFile: path.resolve(impairFile) };
  return impair === undefined ? undefined : { impairments: parseImpairments(impair), seed };
}
