/** The passes after the measuring one: one instrument each, so that none disturbs another. Pure. */
import type { Note } from '../../reports/model.ts';
import type { FoundSpikes, Instrument } from './instruments/instrument.ts';

export interface PlannedPass {
  readonly instrument: Instrument;
  readonly frameMarks: readonly number[];
  /** Resident memory at which the target may end; undefined: its own limit. */
  readonly ceilingBytes: number | undefined;
}

export interface Plan {
  readonly passes: readonly PlannedPass[];
  /** Why an instrument is left out that a person may miss. */
  readonly notes: readonly Note[];
}

/** @param peakBytes highest resident memory of the measuring pass */
export function planPasses(wanted: readonly Instrument[], found: FoundSpikes, peakBytes: number): Plan {
  const passes: PlannedPass[] = [];
  const notes: Note[] = [];
  for (const instrument of wanted) {
    const aim = instrument.aim(found);
    if (aim.frameMarks) {
      passes.push({ instrument, frameMarks: aim.frameMarks, ceilingBytes: instrument.ceilingBytes(peakBytes) });
    } else if (aim.note) notes.push(aim.note);
  }
  return { passes, notes };
}
