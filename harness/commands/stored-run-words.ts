/** How a stored run is called on a terminal: when it began, and of which commit. Pure. */
import type { BatchRow } from '../history/tables.ts';

/** Seconds are left out; UTC. */
export function startWords({ started_at }: Pick<BatchRow, 'started_at'>): string {
  return started_at.slice(0, 16).replace('T', ' ');
}

/** As wide as the longest; `+`: uncommitted changes were in it. */
export function commitColumn({ commit_id, dirty }: Pick<BatchRow, 'commit_id' | 'dirty'>): string {
  return (commit_id === null ? '–' : `${commit_id.slice(0, 8)}${dirty === 1 ? '+' : ''}`).padEnd(9);
}
