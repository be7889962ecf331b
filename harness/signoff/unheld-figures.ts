/**
 * What is judged in a bundle of an old schema version, and rests on what is not made again there: the rules for raw data that only this
 * version's own bundles have to keep, and thresholds that older ones do not have from the project. Pure.
 */
import { SIGNOFF_SCHEMA_VERSION, type SignoffReport, testsOf } from '../../reports/signoff.ts';

/** Of resident memory, time and answers the rules hold for every version (`raw-rules.ts`). */
const heldByOwnRules = /^(allocated|growth|heap|external|arrayBuffers|handles|cgroup|frames|dropped|messages)\./;

/** @returns names of tests, as policies say them; none of a bundle of the newest schema version */
export function unheldFigures(report: SignoffReport): string[] {
  if (report.schemaVersion >= SIGNOFF_SCHEMA_VERSION) return [];
  return testsOf(report).flatMap(({ name }) => {
    const [, , metric, change] = name.split('/');
    return change === 'change' || heldByOwnRules.test(metric ?? '') ? [name] : [];
  });
}
