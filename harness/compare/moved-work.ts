/**
 * What one function does in the head that another one did in the base: taken out of it as a function of its own, or put into its caller.
 * Both would stand as new and gone, and the new one be blamed with all that it allocates. Pure.
 */
import { functionKey } from './callers.ts';
import { containment, type TextParts } from './function-text.ts';
import { errorsMin, type SiteByRequest } from './site-bytes.ts';
import type { Known } from './site-evidence.ts';

/** A function in both versions, or in one of them. */
export interface SitePair {
  readonly before: SiteByRequest | undefined;
  readonly after: SiteByRequest | undefined;
  readonly how: 'same' | 'renamed' | 'replaced';
  /** What `before` holds besides: part of a function that is gone, or that has lost it. */
  readonly moved?: { readonly how: 'split' | 'joined'; readonly from: SiteByRequest };
}

/** Of a text that was taken out of another one. */
const containedMin = 0.6;

/** The same pairs, with bytes of the base counted where the head allocates them. */
export function withMovedWork(pairs: readonly SitePair[], known: Known): SitePair[] {
  const all = [...pairs];
  const kept = pairs.flatMap(({ before, after }, at) => (before && after ? [at] : []));
  for (const [at, { before, after }] of pairs.entries()) {
    if (before === undefined && after !== undefined) {
      const from = largest(
        kept.filter((each) => -grown(all[each]!) > 0 && isSplit(all[each]!, after, known)),
        all,
      );
      if (from !== undefined)
        move(all, { from, to: at, how: 'split', bytes: Math.min(after.bytes, -grown(all[from]!)) });
    } else if (after === undefined && before !== undefined) {
      const to = largest(
        kept.filter((each) => grown(all[each]!) > 0 && isJoined(before, all[each]!, known)),
        all,
      );
      if (to !== undefined) move(all, { from: at, to, how: 'joined', bytes: Math.min(before.bytes, grown(all[to]!)) });
    }
  }
  return all;
}

/** Beyond the errors; 0 within them. */
function grown({ before, after }: SitePair): number {
  const difference = (after?.bytes ?? 0) - (before?.bytes ?? 0);
  return Math.abs(difference) > errorsMin * Math.hypot(before?.error ?? 0, after?.error ?? 0) ? difference : 0;
}

function largest(places: readonly number[], pairs: readonly SitePair[]): number | undefined {
  return places.toSorted((a, b) => Math.abs(grown(pairs[b]!)) - Math.abs(grown(pairs[a]!)))[0];
}

/** Whether the function that lost something calls the new one, or had its text. */
function isSplit({ before, after: caller }: SitePair, fresh: SiteByRequest, known: Known): boolean {
  if (caller!.site.where !== fresh.site.where) return false;
  const callers = known.head.callers(fresh);
  if (callers) return callers.has(functionKey(caller!.site.file, caller!.site.functionName));
  return isPart(known.head.text(fresh), known.base.text(before!));
}

function isJoined(gone: SiteByRequest, { before: caller, after }: SitePair, known: Known): boolean {
  if (caller!.site.where !== gone.site.where) return false;
  const callers = known.base.callers(gone);
  if (callers) return callers.has(functionKey(caller!.site.file, caller!.site.functionName));
  return isPart(known.base.text(gone), known.head.text(after!));
}

function isPart(inner: TextParts | undefined, outer: TextParts | undefined): boolean {
  return inner !== undefined && outer !== undefined && containment(inner, outer) >= containedMin;
}

interface Move {
  readonly from: number;
  readonly to: number;
  readonly how: 'split' | 'joined';
  readonly bytes: number;
}

function move(pairs: SitePair[], { from, to, how, bytes }: Move): void {
  const [source, target] = [pairs[from]!, pairs[to]!];
  const { site, error } = source.before!;
  pairs[from] = { ...source, before: { site, error, bytes: source.before!.bytes - bytes } };
  const known = target.before;
  const before = known
    ? { ...known, bytes: known.bytes + bytes, error: Math.hypot(known.error, error) }
    : { site, bytes, error };
  pairs[to] = { ...target, before, moved: { how, from: source.before! } };
}
