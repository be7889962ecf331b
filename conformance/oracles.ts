/** Our messages beside tshark's counts and Zeek's http.log, on every capture of the shared corpora. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Capture, readCapture } from './capture.ts';
import { compareWithZeek, exchangesOf, isEmptyRow, type ZeekRow } from './zeek.ts';

/** One disagreement, in words that stay the same from run to run. */
export interface Difference {
  oracle: 'tshark' | 'zeek';
  file: string;
  what: string;
}

export interface Comparison {
  captures: number;
  capturesEqualToTshark: number;
  /** Captures where we found fewer messages than the better of tshark's two modes. */
  capturesBelowTshark: number;
  zeekRows: number;
  /** Field by field as they stand. */
  zeekRowsEqualRaw: number;
  /** Rows that describe a message, and how many of these are equal once Zeek's conventions are mapped (zeek.ts). */
  zeekRowsTelling: number;
  zeekRowsEqual: number;
  differences: Difference[];
}

/** Where the corpora are, or null: `FLOODGATE_SHARED`, else `shared` beside the repository. */
export function findShared(root: string): string | null {
  const shared = process.env.FLOODGATE_SHARED ?? join(root, '..', 'shared');
  return existsSync(join(shared, 'corpora', 'INDEX.tsv')) ? shared : null;
}

interface ZeekLog {
  file: string;
  test: string;
  log: string;
  rows: ZeekRow[];
}

/** Reads every capture once and compares it with both oracles. */
export function compareAll(shared: string): Comparison {
  const result: Comparison = {
    captures: 0,
    capturesEqualToTshark: 0,
    capturesBelowTshark: 0,
    zeekRows: 0,
    zeekRowsEqualRaw: 0,
    zeekRowsTelling: 0,
    zeekRowsEqual: 0,
    differences: [],
  };
  const logs = readZeekLogs(shared);
  for (const row of readIndex(shared)) {
    const file = row.get('file')!;
    const capture = readCapture(join(shared, 'corpora', file));
    result.captures++;
    compareWithTshark(result, file, row, capture);
    for (const log of logs.get(file) ?? []) compareLog(result, file, log, capture);
  }
  return result;
}

function compareWithTshark(result: Comparison, file: string, row: Map<string, string>, capture: Capture): void {
  const { requests, responses, requestsComplete, responsesComplete } = capture.http;
  const best = (what: string) => Math.max(Number(row.get(`${what}_msgs`)), Number(row.get(`${what}_msgs_ooo`)));
  const wantedRequests = best('req');
  const wantedResponses = best('resp');
  if (requestsComplete < wantedRequests || responsesComplete < wantedResponses) result.capturesBelowTshark++;
  if (
    requests === wantedRequests &&
    responses === wantedResponses &&
    requestsComplete === requests &&
    responsesComplete === responses
  ) {
    result.capturesEqualToTshark++;
    return;
  }
  const what =
    `requests ${requests} (${requestsComplete} complete) tshark ${wantedRequests}, ` +
    `responses ${responses} (${responsesComplete} complete) tshark ${wantedResponses}`;
  result.differences.push({ oracle: 'tshark', file, what });
}

function compareLog(result: Comparison, file: string, log: ZeekLog, capture: Capture): void {
  result.zeekRows += log.rows.length;
  result.zeekRowsEqualRaw += compareWithZeek(log.rows, exchangesOf(capture.messages, false)).equal;
  const comparable = log.rows.filter((row) => !isEmptyRow(row));
  const compared = compareWithZeek(comparable, exchangesOf(capture.messages, true));
  result.zeekRowsTelling += compared.rows;
  result.zeekRowsEqual += compared.equal;
  for (const { row, closest, fields } of compared.differences) {
    const field = (name: string, ours: string | undefined) => `${row[name] ?? '-'}/${ours ?? '-'}`;
    const details = fields.map((name) =>
      name === 'status'
        ? `status ${field('status_code', closest?.status)}`
        : name === 'requestBytes'
          ? `request bytes ${field('request_body_len', closest?.requestBytes)}`
          : name === 'responseBytes'
            ? `response bytes ${field('response_body_len', closest?.responseBytes)}`
            : name,
    );
    const test = log.test.slice(log.test.lastIndexOf('/') + 1);
    const uri = (row.uri ?? '-').slice(0, 40);
    const port = row['id.orig_p'] ?? '-';
    result.differences.push({
      oracle: 'zeek',
      file,
      what: `${test}: port ${port} ${row.method ?? '-'} ${uri}: ${details.join(', ')}`,
    });
  }
}

export function readIndex(shared: string): Map<string, string>[] {
  const lines = readFileSync(join(shared, 'corpora', 'INDEX.tsv'), 'latin1')
    .trimEnd()
    .split('\n');
  const names = lines[0]!.split('\t');
  return lines.slice(1).map((line) => new Map(line.split('\t').map((value, index) => [names[index]!, value])));
}

function readZeekLogs(shared: string): Map<string, ZeekLog[]> {
  const byFile = new Map<string, ZeekLog[]>();
  for (const line of readFileSync(join(shared, 'oracles', 'zeek-logs.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')) {
    const log = JSON.parse(line) as ZeekLog;
    if (log.log === 'http.log') byFile.set(log.file, [...(byFile.get(log.file) ?? []), log]);
  }
  return byFile;
}

/** The explained differences: tab-separated `oracle file what verdict reason`, `#` starts a comment. */
export interface Explanation extends Difference {
  /** `ours` is right, `theirs` would be, `both` are: another way to count or to write. */
  verdict: 'ours' | 'theirs' | 'both';
  reason: string;
}

export function readExplanations(path: string): Explanation[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [oracle, file, what, verdict, reason] = line.split('\t');
      return { oracle, file, what, verdict, reason } as Explanation;
    });
}
