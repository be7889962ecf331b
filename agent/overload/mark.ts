/** What was left out while something was gathered, as batches and their senders say it: `level=2;share=0.125`. */
import { OverloadLevel } from './ladder.ts';

export interface OverloadMark {
  readonly level: OverloadLevel;
  /** Share of all exchanges that a witness was made of where nothing spoke for or against one. */
  readonly share: number;
}

/** Nothing was left out. */
export const unmarked: OverloadMark = { level: OverloadLevel.none, share: 1 };

/** The most of both. */
export function mostOf(one: OverloadMark, other: OverloadMark): OverloadMark {
  if (one.level >= other.level && one.share <= other.share) return one;
  const level = Math.max(one.level, other.level) as OverloadLevel;
  return { level, share: Math.min(one.share, other.share) };
}

export function formatMark({ level, share }: OverloadMark): string {
  return `level=${level};share=${share}`;
}

/** @returns the mark, of nothing where there is no text; undefined where the text is none. */
export function parseMark(text: string | undefined): OverloadMark | undefined {
  if (text === undefined) return unmarked;
  const match = /^level=([0-4]);share=([\d.e-]{1,30})$/.exec(text.trim());
  const share = Number(match?.[2]);
  if (match === null || !(share > 0 && share <= 1)) return undefined;
  return { level: Number(match[1]) as OverloadLevel, share };
}
