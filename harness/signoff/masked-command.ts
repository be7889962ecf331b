/**
 * Whether a project makes the command of a report, where secrets were taken out of both. A secret stands in the same place of both, or it is
 * no secret: whoever writes the mark elsewhere ends no check with it. Pure.
 */
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { parse } from 'yaml';
import { REDACTED_MARK } from '../redaction/redactor.ts';

/** What `floodgate run` shows in place of a header or a cookie that is put into requests. */
const hidden = '…';
/** A name before it stays, or goes with what it names. */
const hiddenRule = /([^\s:=]+[:=] )?(?:…|\*REDACTED\*)/g;
/** Limits, and where the run was put, stand at the end of each line. */
const tail = /(?: --budget \S+)*(?: --(?:agent|target-dir) .*)?$/s;

export interface SaidBy {
  /** Paths of the project are known from its top on; else by their last name alone. */
  readonly hasFolder: boolean;
  /** Secrets were taken out of each word, and not of the whole line. */
  readonly isOwnVersion: boolean;
}

export function isSameButSecrets(made: string, said: string, { hasFolder, isOwnVersion }: SaidBy): boolean {
  const project = plainOf(made);
  const report = hasFolder ? plainOf(said) : withPathOf(project, plainOf(said));
  const places = [...project.matchAll(hiddenRule)];
  const marks = report.split(REDACTED_MARK).length - 1;
  // As many: what one text has lost, the other has.
  if (marks > places.length) return false;
  if (patternOf(project, project.length).test(report)) return true;
  if (isOwnVersion) return false;
  // There the value of a header goes to the end of its line, and takes along what stands behind it.
  if (!report.endsWith(`: ${REDACTED_MARK}`) && !report.endsWith(`:${REDACTED_MARK}`)) return false;
  return places.some(({ index, 0: text }) => patternOf(project, index + text.length).test(report));
}

/** Of the text up to there. A place that the project hides, the report hides as well. */
function patternOf(project: string, end: number): RegExp {
  let pattern = '';
  let from = 0;
  for (const { index, 0: text, 1: name = '' } of project.slice(0, end).matchAll(hiddenRule)) {
    pattern += RegExp.escape(project.slice(from, index));
    const mark = RegExp.escape(REDACTED_MARK);
    pattern += text.endsWith(hidden)
      ? `(?:${RegExp.escape(name)})?(?:${hidden}|${mark})`
      : `${RegExp.escape(name)}${mark}`;
    from = index + text.length;
  }
  return new RegExp(`^${pattern}${RegExp.escape(project.slice(from, end))}$`, 's');
}

/** Without quotes, whose other half may be gone, and without what is no part of a scenario. */
function plainOf(command: string): string {
  return command
    .replaceAll(/['\\]/g, '')
    .replace(/^(floodgate run )\/.*?\/traffic\.yaml(?= |$)/s, '$1traffic.yaml')
    .replace(/^(floodgate run )\/traffic\.yaml(?= |$)/, '$1traffic.yaml')
    .replace(tail, '')
    .replace(/ --lane (?:exact|tap|load)(?= |$)/, '');
}

/** The recording under the project's path of it, where it has the same name. */
function withPathOf(project: string, report: string): string {
  const [own, said] = [project, report].map((text) => /^floodgate run (\/.*?)(?= --|$)/s.exec(text)?.[1]);
  if (own === undefined || said === undefined || path.basename(own) !== path.basename(said)) return report;
  return report.replace(said, () => own);
}

/** Traffic that the project describes, as text: secrets may stand in the place of secrets. */
export function isSameTraffic(made: string, said: string): boolean {
  const [project, report] = [made, said].map((text) => yamlOf(text));
  return project !== undefined && report !== undefined && isSameValue(project, report);
}

/** The mark by itself is an alias in YAML. */
const plainMark = 'REDACTED';

function yamlOf(text: string): unknown {
  try {
    return parse(text.replaceAll(REDACTED_MARK, plainMark), { maxAliasCount: 0, logLevel: 'error' });
  } catch {
    return undefined;
  }
}

function isSameValue(a: unknown, b: unknown): boolean {
  if (typeof a === 'string' && typeof b === 'string')
    return a === b || [a, b].every((text) => text.includes(plainMark));
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return isDeepStrictEqual(a, b);
  const [first, second] = [Object.entries(a), Object.entries(b)];
  if (Array.isArray(a) !== Array.isArray(b) || first.length !== second.length) return false;
  return first.every(([name, each], at) => {
    const [other, value] = second[at]!;
    return isSameValue(name, other) && isSameValue(each, value);
  });
}
