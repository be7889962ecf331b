/** Reads a comparison back from JSON that anyone may have edited: its schema, and what a schema of JSON cannot say. */
import * as v from 'valibot';
import type { ComparedFlame, ComparedTimeline, ComparisonReport } from './comparison.ts';
import { comparisonSchema } from './comparison-schema.ts';
import type { SourceExcerpt } from './model.ts';
import { ReportError } from './report-reader.ts';

const excerpt = v.object({
  file: v.string(),
  line: v.number(),
  alsoMeant: v.optional(v.array(v.number())),
  firstLine: v.number(),
  lines: v.array(v.string()),
  of: v.picklist(['suspect', 'keeper']),
  note: v.string(),
});

/** As it was written, to the last key. @throws ReportError that says what is wrong and where */
export function readComparison(json: string): ComparisonReport {
  let data: unknown;
  try {
    data = JSON.parse(json);
  } catch (error) {
    throw new ReportError(`not a comparison: the JSON does not parse (${(error as Error).message})`, { cause: error });
  }
  const result = v.safeParse(comparisonSchema, data, { abortEarly: true });
  if (!result.success) {
    const [issue] = result.issues;
    throw new ReportError(`not a comparison: ${v.getDotPath(issue) ?? 'the report'}: ${issue.message.slice(0, 300)}`);
  }
  const report = result.output;
  const wrong = [
    report.flames.every(isTree) ? '' : 'flames: a tree has its root first, and parents before their children',
    report.timelines.every(isTimeline) ? '' : 'timelines: each line has a value for each time',
    report.scenarios.flatMap(({ sites }) => sites).every(({ source }) => source === null || isExcerpt(source))
      ? ''
      : 'sites: lines of source are expected',
  ].find((words) => words !== '');
  if (wrong !== undefined) throw new ReportError(`not a comparison: ${wrong}`);
  return data as ComparisonReport;
}

function isTree({ parent, site, sites, before, after }: ComparedFlame): boolean {
  const { functionName, file, line } = sites;
  const isWhole = [site, before, after].every((column) => column.length === parent.length);
  const isNamed = file.length === functionName.length && line.length === functionName.length;
  const isOrdered = parent.every((up, at) => (at === 0 ? up === -1 : up >= 0 && up < at));
  return isWhole && isNamed && isOrdered && site.every((index) => index < functionName.length);
}

function isTimeline({ tMs, base, head }: ComparedTimeline): boolean {
  return base.length === tMs.length && head.length === tMs.length;
}

const isExcerpt = (source: unknown): source is SourceExcerpt => v.is(excerpt, source);
