/** Whether the page of a bundle shows its summary, and nothing else. Pure, but for the frames of pages that are known. */
import type { SignoffReport } from '../../reports/signoff.ts';
import { knownFrames, renderSignoffHtml, signoffFrame } from '../../reports/signoff-html.ts';
import { refused } from './refusal.ts';
import { sha256 } from './statement.ts';
import { pageName } from './summary.ts';

/** Sentences. */
export interface Looked {
  readonly checks: readonly string[];
  /** What was not looked at, or cannot be known. */
  readonly unchecked: readonly string[];
}

export interface PageOrder {
  readonly report: SignoffReport;
  /** The version of floodgate that looks at it is the one that made it. */
  readonly isOwnVersion: boolean;
  /** The page is made anew for whoever reads it. */
  readonly makesPage: boolean;
}

/** It is made again of what was verified: nothing else is on it. @throws Refused */
export function checkPage(page: Buffer, { report, isOwnVersion, makesPage }: PageOrder): Looked {
  const good = (text: string) => ({ checks: [text], unchecked: [] });
  if (Buffer.from(renderSignoffHtml(report)).equals(page)) return good(`${pageName} is what these data make`);
  const frame = signoffFrame(page.toString('utf8'), report);
  const isWhole = frame !== undefined && Buffer.from(page.toString('utf8')).equals(page);
  if (!isWhole) throw refused('page-differs', `${pageName} does not show this summary, or shows more`);
  if (knownFrames().includes(sha256(frame)))
    return good(`${pageName} is what floodgate ${report.tool.version} makes of these data`);
  if (isOwnVersion) throw refused('page-differs', `${pageName} shows this summary on a page that is not floodgate’s`);
  const unknown = `${report.tool.version}, whose pages are not known here`;
  if (makesPage) return { checks: [], unchecked: [`${pageName} was not read: it is of floodgate ${unknown}`] };
  throw refused('page-unknown', `${pageName} is of floodgate ${unknown}`);
}
