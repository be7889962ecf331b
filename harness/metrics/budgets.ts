/** Judges measured figures against a budget. Pure. */
import type { BudgetResult, Suspect, Unit } from '../../reports/model.ts';

/** What a run measured, by budget name; null or absent: it could not be measured. */
export type Measured = Readonly<Record<string, number | null | undefined>>;

interface BudgetKind {
  readonly unit: Unit;
  readonly bound: 'max' | 'min';
}

/** Every budget by name. What must not be too little is a `min`; all else a `max`. */
const KINDS: Readonly<Record<string, BudgetKind>> = {
  'rss.p99': { unit: 'bytes', bound: 'max' },
  'rss.p999': { unit: 'bytes', bound: 'max' },
  'rss.max': { unit: 'bytes', bound: 'max' },
  'rss.mean': { unit: 'bytes', bound: 'max' },
  'pss.max': { unit: 'bytes', bound: 'max' },
  'heap.peakBeforeGc': { unit: 'bytes', bound: 'max' },
  'heap.afterGc': { unit: 'bytes', bound: 'max' },
  'allocated.perMessage': { unit: 'bytes', bound: 'max' },
  'external.max': { unit: 'bytes', bound: 'max' },
  'growth.perSecond': { unit: 'bytesPerSecond', bound: 'max' },
  'pages.max': { unit: 'count', bound: 'max' },
  'streams.max': { unit: 'count', bound: 'max' },
  'recovery.seconds': { unit: 'seconds', bound: 'max' },
  'cpu.seconds': { unit: 'seconds', bound: 'max' },
  'dropped.frames': { unit: 'count', bound: 'max' },
  'missed.messages': { unit: 'count', bound: 'max' },
  'messages.found': { unit: 'share', bound: 'min' },
};

/** `share:agent/tcp/** ` or `bytes:agent/digest/hash.ts`: what a subsystem may have of what was allocated. */
const SUBSYSTEM = /^(share|bytes):(.+)$/;

/** Names a budget may use, for a message about an unknown one. */
export function budgetNames(): string[] {
  return [...Object.keys(KINDS), 'share:<call-site pattern>', 'bytes:<call-site pattern>'];
}

/** Whether `evaluateBudgets` knows this name. */
export function isBudgetName(name: string): boolean {
  return Object.hasOwn(KINDS, name) || SUBSYSTEM.test(name);
}

/**
 * One result per limit, in the order of the budget. What could not be measured is not ok: a budget that cannot be
 * checked must not pass.
 * @param sites call sites of the run (all of them, not only the top) for the limits per subsystem; null: no profile
 */
export function evaluateBudgets(
  budget: Readonly<Record<string, number>>,
  measured: Measured,
  sites: readonly Pick<Suspect, 'file' | 'functionName' | 'selfBytes'>[] | null = null,
): BudgetResult[] {
  return Object.entries(budget).map(([name, limit]) => {
    const subsystem = SUBSYSTEM.exec(name);
    if (subsystem) return judge(name, subsystemKind(subsystem[1]!), limit, subsystemValue(subsystem, sites));
    const kind = Object.hasOwn(KINDS, name) ? KINDS[name]! : undefined;
    const actual = Object.hasOwn(measured, name) ? (measured[name] ?? null) : null;
    const result = judge(name, kind ?? { unit: 'count', bound: 'max' }, limit, actual);
    return kind || actual !== null ? result : { ...result, note: 'no such budget' };
  });
}

function subsystemKind(which: string): BudgetKind {
  return { unit: which === 'share' ? 'share' : 'bytes', bound: 'max' };
}

function judge(name: string, { unit, bound }: BudgetKind, limit: number, actual: number | null): BudgetResult {
  const ok = actual !== null && (bound === 'max' ? actual <= limit : actual >= limit);
  return { name, unit, bound, limit, actual, ok, note: actual === null ? 'could not be measured' : '' };
}

function subsystemValue(
  subsystem: RegExpExecArray,
  sites: readonly Pick<Suspect, 'file' | 'functionName' | 'selfBytes'>[] | null,
): number | null {
  if (sites === null) return null;
  const matches = sitePattern(subsystem[2]!);
  let inside = 0;
  let all = 0;
  for (const site of sites) {
    all += site.selfBytes;
    if (matches(site.file, site.functionName)) inside += site.selfBytes;
  }
  return subsystem[1] === 'bytes' ? inside : all > 0 ? inside / all : 0;
}

/**
 * A call-site pattern: a path in which `*` stands for anything but a slash and `**` for anything, then optionally `#`
 * and a function name in the same manner.
 */
export function sitePattern(pattern: string): (file: string, functionName: string) => boolean {
  const [path = '', name] = pattern.split('#', 2);
  const file = globExpression(path);
  const functionName = name === undefined ? undefined : globExpression(name);
  return (atFile, atFunction) => file.test(atFile) && (functionName === undefined || functionName.test(atFunction));
}

function globExpression(glob: string): RegExp {
  // Runs of more than two stars would only multiply the ways to match.
  const parts = glob.replaceAll(/\*{3,}/g, '**').split(/(\*\*|\*)/);
  const source = parts.map((part) => (part === '**' ? '.*' : part === '*' ? '[^/]*' : RegExp.escape(part))).join('');
  return new RegExp(`^${source}$`, 's');
}
