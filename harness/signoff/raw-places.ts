/** The places that a run allocated at, by which limits of single files and functions are judged. Pure. */
import type { Measurement } from '../report/measurement.ts';

/** One that stands twice would count twice. */
export function placesFault({ sites }: Measurement): string | undefined {
  const places = (sites ?? []).map(({ file, functionName }) => JSON.stringify([file, functionName]));
  return new Set(places).size < places.length ? 'a place that allocated stands twice' : undefined;
}
