/** What `floodgate rerun` prints of the figures of today beside those that were signed, and what it comes to. Pure. */
import { formatApart, formatShare } from '../../reports/format.ts';
import type { Unit } from '../../reports/model.ts';
import type { StatedRange } from '../signoff/repeat-range.ts';
import type { FigureAgain, RunAgain } from '../signoff/rerun.ts';

/** @returns lines, and the exit code: 1 where a figure is another, else 4 where one is not known, or nothing was held */
export function rerunWords({ figures, notHeld }: RunAgain): { readonly lines: string[]; readonly exitCode: 0 | 1 | 4 } {
  const measured = figures.filter(({ again }) => again !== null);
  const good = measured.filter(({ ok }) => ok).length;
  const open = [
    ...figures.filter(({ again }) => again === null).map(placeOf),
    ...notHeld.filter(({ isOpen }) => isOpen).map(({ place }) => place),
  ];
  const lines = [
    ...figures.map(figureWords),
    ...notHeld.map(({ place, why, isOpen }) => `${isOpen ? '?' : '–'} ${place}: ${why}`),
  ];
  const isOther = good < measured.length;
  const isOpen = measured.length === 0 || open.length > 0;
  const word = isOther ? 'DIFFERENT' : isOpen ? 'UNDECIDED' : 'SAME';
  const unknown = open.length > 0 ? `; not known: ${open.join(', ')}` : '';
  const end =
    figures.length === 0
      ? `nothing in this bundle can be held against a run of today${unknown}`
      : `${good} of ${figures.length} figures came out as they were signed off${unknown}`;
  return { lines: [...lines, `${word}: ${end}`], exitCode: isOther ? 1 : isOpen ? 4 : 0 };
}

const placeOf = ({ scenario, lane, metric }: FigureAgain) => `${scenario}/${lane}/${metric}`;

function figureWords(figure: FigureAgain): string {
  const { unit, stated, again, range, ok } = figure;
  const place = placeOf(figure);
  if (again === null)
    return `? ${place}: not measured this time, signed off ${formatApart([stated], unit)[0]}: run the scenario by hand (floodgate gate), and see why`;
  const { low, high, runs } = range;
  const texts = formatApart([again, stated, low, high, ...(runs ? [runs.low, runs.high] : [])], unit);
  return `${ok ? '✓' : '✗'} ${place}: ${texts[0]}, signed off ${texts[1]}, ${askedWords(range, texts.slice(2), unit)}`;
}

/** Of a count no share: it is one, or it is not. */
function askedWords(
  { low, high, share, runs }: StatedRange,
  [least, most, ...ofRuns]: readonly string[],
  unit: Unit,
): string {
  const isOne = low === high || (unit === 'count' && Math.floor(high) <= Math.ceil(low));
  if (isOne) return 'the same is asked';
  if (runs)
    return `from ${least} to ${most} is asked: its ${runs.count} signed runs were from ${ofRuns[0]} to ${ofRuns[1]}`;
  return unit === 'count' || share === undefined
    ? `from ${least} to ${most} is asked`
    : `within ${formatShare(share)} is asked`;
}
