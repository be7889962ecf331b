/** Whether the page of a bundle shows its summary, and nothing else. Pure, but for the frames of pages that are known. */
import type { SignoffReport } from '../../reports/signoff.ts';
import { knownFrames, renderSignoffHtml, signoffFrame } from '../../reports/signoff-html.ts';
import { refused, shown } from './refusal.ts';
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
  /** Of floodgate that looks at it. */
  readonly toolVersion: string;
  /** The page is made anew for whoever reads it. */
  readonly makesPage: boolean;
}

/** It is made again of what was verified: nothing else is on it. @throws Refused */
export function checkPage(page: Buffer, { report, toolVersion, makesPage }: PageOrder): Looked {
  const good = (text: string) => {
    refuseOtherVersion(report, toolVersion);
    return { checks: [text], unchecked: [] };
  };
  if (Buffer.from(renderSignoffHtml(report)).equals(page)) return good(`${pageName} is what these data make`);
  const frame = signoffFrame(page.toString('utf8'), report);
  const isWhole = frame !== undefined && Buffer.from(page.toString('utf8')).equals(page);
  if (!isWhole) throw refused('page-differs', `${pageName} does not show this summary, or shows more`);
  if (Object.values(knownFrames()).flat().includes(sha256(frame)))
    return good(`${pageName} is what floodgate ${report.tool.version} makes of these data`);
  if (report.tool.version === toolVersion)
    throw refused('page-differs', `${pageName} shows this summary on a page that is not floodgate’s`);
  const unknown = `${report.tool.version}, whose pages are not known here`;
  if (makesPage) return { checks: [], unchecked: [`${pageName} was not read: it is of floodgate ${unknown}`] };
  throw refused('page-unknown', `${pageName} is of floodgate ${unknown}`);
}

/** The first version whose pages are known writes it: no page that is known is of a sign-off by older rules. */
const schemaVersionMin = 3;

/** A page that is known is of a version that was published, and has the rules of that one. @throws Refused */
function refuseOtherVersion({ schemaVersion, tool }: SignoffReport, toolVersion: string): void {
  if (schemaVersion < schemaVersionMin)
    throw refused('summary-invalid', `${pageName} is of a floodgate that writes no schema version ${schemaVersion}`);
  const isPublished = Object.hasOwn(knownFrames(), tool.version) || !isOlder(tool.version, toolVersion);
  if (isPublished) return;
  throw refused('summary-invalid', `there is no floodgate ${shown(tool.version, 40)}, and ${pageName} is of another`);
}

/** A version that is spelled otherwise counts as old. */
function isOlder(version: string, than: string): boolean {
  const parts = (text: string) => /^(\d{1,6})\.(\d{1,6})\.(\d{1,6})$/.exec(text)?.slice(1).map(Number);
  const [own, other] = [parts(than), parts(version)];
  if (!own || !other) return version !== than;
  const at = own.findIndex((part, index) => part !== other[index]);
  return at >= 0 && other[at]! < own[at]!;
}
