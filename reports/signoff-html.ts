/** A sign-off as one HTML file that opens from disk, prints, and fetches nothing; what protects a run's page protects it (`html.ts`). */
import { escapeHtml, printable, verdictMark } from './format.ts';
import { page } from './html.ts';
import { ownFile, pageScript, pageStyle } from './html-assets.ts';
import { safeJson } from './json.ts';
import type { SignoffReport } from './signoff.ts';

export function renderSignoffHtml(report: SignoffReport): string {
  return page(titleOf(report), pageScript('signoff'), pageStyle(), safeJson(report));
}

const titleOf = ({ verdict, release }: SignoffReport) =>
  `${verdictMark(verdict)} ${printable(release, 80)} – sign-off – floodgate`;

/**
 * A page of this sign-off without what it says of it: what is the same on every page of a version, the script among it.
 * @returns undefined where its data are not these, or stand on it in another place
 */
export function signoffFrame(page: string, report: SignoffReport): string | undefined {
  const parts = page.split(`<title>${escapeHtml(titleOf(report))}</title>`);
  if (parts.length !== 2) return undefined;
  const ends = parts[1]!.split(`<script type="application/json" id="report">${safeJson(report)}</script>`);
  return ends.length === 2 ? [parts[0], ...ends].join('\0') : undefined;
}

/** SHA-256 of the frames of earlier versions, by version: their pages are verified as this one's are. */
export function knownFrames(): Readonly<Record<string, readonly string[]>> {
  return JSON.parse(ownFile('signoff-frames.json'));
}
