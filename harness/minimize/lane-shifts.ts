/** By how much limits differ between the lane of the search and that of the last word, so that what holds in the one holds in the other. Pure. */
import type { Condition, Observation, Shifts } from './condition.ts';

/** Of the limit, beyond what two lanes differ by. */
const marginShare = 0.02;
/** A lane that shows less than this share of the rise is no stand-in for the other. */
const risesMin = 0.3;

/** What is eased by less is not worth another search. */
const easedMinShare = 0.05;

type MetricClause = Extract<Condition['clauses'][number], { kind: 'metric' }>;

const signOf = ({ comparison }: MetricClause) => (comparison.startsWith('>') ? 1 : -1);

function metricClauses({ clauses }: Condition): MetricClause[] {
  return clauses.filter((clause) => clause.kind === 'metric');
}

const valueIn = (seen: Observation, { name }: MetricClause) => seen.figures[name]?.value ?? undefined;

/** How much more one lane shows than the other, and a margin, for each metric whose limit is from below. */
export function shiftsBetween(condition: Condition, quick: Observation, real: Observation): Record<string, number> {
  const shifts: Record<string, number> = {};
  for (const clause of metricClauses(condition)) {
    const [one, other] = [valueIn(quick, clause), valueIn(real, clause)];
    if (one === undefined || other === undefined) continue;
    const sign = signOf(clause);
    const difference = Math.max(0, sign * (one - other));
    shifts[clause.name] = sign * (difference + marginShare * Math.abs(clause.limit));
  }
  return shifts;
}

/**
 * Where the quick lane shows the rise, and less of it: its limit is as far up the rise as that of the real one. What holds by it is only
 * likely to hold in the other lane, which has the last word.
 * @param idle without traffic, in the quick lane @returns undefined where the quick lane shows too little
 */
export function loweredShifts(
  condition: Condition,
  { quick, real, idle }: Readonly<Record<'quick' | 'real' | 'idle', Observation>>,
): Record<string, number> | undefined {
  const shifts: Record<string, number> = {};
  for (const clause of metricClauses(condition)) {
    const [one, other, none] = [quick, real, idle].map((seen) => valueIn(seen, clause));
    if (one === undefined || other === undefined || none === undefined) return undefined;
    const share = (one - none) / (other - none);
    if (!(share >= risesMin)) return undefined;
    const margin = Math.min(marginShare * Math.abs(clause.limit), Math.abs(other - clause.limit) / 2);
    const limit = none + (clause.limit + signOf(clause) * margin - none) * Math.min(1, share);
    shifts[clause.name] = limit - clause.limit;
  }
  return Object.keys(shifts).length > 0 ? shifts : undefined;
}

/** After a result that held in the quick lane alone: limits that were lowered rise by what it lacked; others by what the lanes differ by. */
export function stricterShifts(
  condition: Condition,
  before: Shifts,
  { quick, real }: Readonly<Record<'quick' | 'real', Observation>>,
): Record<string, number> {
  const shifts = shiftsBetween(condition, quick, real);
  for (const clause of metricClauses(condition)) {
    const [old, value] = [before[clause.name] ?? 0, valueIn(real, clause)];
    const sign = signOf(clause);
    if (sign * old >= 0 || value === undefined) continue;
    const lacked = Math.max(0, sign * (clause.limit - value));
    shifts[clause.name] = old + sign * (lacked + marginShare * Math.abs(clause.limit));
  }
  return shifts;
}

/** Where a lane shows less of the rise of what was found than the other does, what is searched further has its limit there; undefined: nowhere. */
export function easedShifts(
  condition: Condition,
  before: Shifts,
  seen: Readonly<Record<'quick' | 'real' | 'idle', Observation>>,
): Record<string, number> | undefined {
  const lowered = loweredShifts(condition, seen);
  if (!lowered) return undefined;
  let isEased = false;
  for (const clause of metricClauses(condition)) {
    const { name, limit } = clause;
    const sign = signOf(clause);
    const [old, eased] = [before[name] ?? 0, lowered[name]!];
    if (sign * (old - eased) > easedMinShare * Math.abs(limit)) isEased = true;
    else lowered[name] = old;
  }
  return isEased ? lowered : undefined;
}
