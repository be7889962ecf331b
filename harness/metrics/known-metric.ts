/** A metric that somebody named, or an error with the nearest name. */
import { FloodgateError } from '../../agent/errors.ts';
import { nearestName } from '../../agent/nearest-name.ts';
import { findMetric, type Metric, metricNames } from './table.ts';

const listHint = 'floodgate list --metrics shows them.';

/** @throws FloodgateError `option-invalid` */
export function knownMetric(name: string, { place = '', hint = listHint } = {}): Metric {
  const metric = findMetric(name);
  if (metric) return metric;
  throw new FloodgateError('option-invalid', `${place}${metricFault(name)}`, { hint });
}

/** What is wrong with a name; undefined where there is such a metric. */
export function metricFault(name: string): string | undefined {
  if (findMetric(name)) return undefined;
  if (name === '') return 'a metric is missing';
  const [key = '', ...limit] = name.split('=');
  // As on the command line, in a place that holds the name alone.
  if (limit.length > 0 && findMetric(key))
    return `"${name}" is more than a name: "${key}" is the metric, "${limit.join('=')}" its value`;
  const near = nearestName(name, metricNames());
  return `there is no metric "${name}"${near ? `; is "${near}" meant?` : ''}`;
}
