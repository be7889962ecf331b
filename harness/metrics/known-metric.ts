/** A metric that somebody named, or an error with the nearest name. */
import { FloodgateError } from '../../agent/errors.ts';
import { nearestName } from '../../agent/nearest-name.ts';
import { findMetric, type Metric, metricNames } from './table.ts';

const listHint = 'floodgate list --metrics shows them.';

/** @throws FloodgateError `option-invalid` */
export function knownMetric(name: string, { place = '', hint = listHint } = {}): Metric {
  const metric = findMetric(name);
  if (metric) return metric;
  const near = nearestName(name, metricNames());
  const meant = near ? `; is "${near}" meant?` : '';
  throw new FloodgateError('option-invalid', `${place}there is no metric "${name}"${meant}`, { hint });
}
