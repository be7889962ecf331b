/** Test support: reads llhttp's transcripts (prose, raw bytes, expected events) into messages that ours can be compared with. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface ExpectedMessage {
  method: string;
  uri: string;
  status: number;
  reason: string;
  version: string;
  fields: [string, string][];
  body: string;
  /** `message complete` was reported. */
  complete: boolean;
}

export interface Transcript {
  /** `request/sample.md: Simple request`, with a number where a title comes twice. */
  name: string;
  side: 'request' | 'response';
  /** What precedes the response: a HEAD request where the test has the body skipped. */
  skipBody: boolean;
  /** Ends with the stream (llhttp_finish). */
  finish: boolean;
  input: Buffer;
  messages: ExpectedMessage[];
  /** The error that ends the transcript, e.g. `12 Invalid character in chunk size`, or ''. */
  error: string;
}

/** Every strict transcript below a folder; lenient modes are llhttp's own switches and have no counterpart here. */
export function readTranscripts(folder: string): Transcript[] {
  const transcripts: Transcript[] = [];
  for (const side of ['request', 'response'] as const) {
    for (const file of readdirSync(join(folder, side)).sort()) {
      const text = readFileSync(join(folder, side, file), 'utf8');
      const seen = new Map<string, number>();
      for (const section of text.split(/^(?=#{2,3} )/m)) {
        const transcript = readSection(section, `${side}/${file}`, seen);
        if (transcript !== null) transcripts.push(transcript);
      }
    }
  }
  return transcripts;
}

function readSection(section: string, file: string, seen: Map<string, number>): Transcript | null {
  const title = /^#+ (.*)$/m.exec(section)?.[1] ?? '';
  const meta = /<!--\s*meta=(\{.*?\})\s*-->/.exec(section)?.[1];
  const http = /```http\n([\s\S]*?)```/.exec(section)?.[1];
  const log = /```log\n([\s\S]*?)```/.exec(section)?.[1];
  if (meta === undefined || http === undefined || log === undefined) return null;
  const { type, skipBody = false } = JSON.parse(meta) as { type: string; skipBody?: boolean };
  const match = /^(request|response)(-finish)?$/.exec(type);
  if (match === null) return null;
  const count = (seen.get(title) ?? 0) + 1;
  seen.set(title, count);
  return {
    name: `${file}: ${title}${count > 1 ? ` (${count})` : ''}`,
    side: match[1] as 'request' | 'response',
    finish: match[2] !== undefined,
    skipBody,
    input: Buffer.from(unescapeInput(Buffer.from(http, 'utf8').toString('latin1')), 'latin1'),
    ...readLog(log, match[1] as 'request' | 'response'),
  };
}

/** The notation of llhttp's test runner: line ends are CRLF, `\` joins lines, `\r \n \t \f \xNN` and octal are escapes. */
function unescapeInput(http: string): string {
  return http
    .replace(/\n$/, '')
    .replace(/\\\n/g, '')
    .replace(/\n/g, '\r\n')
    .replace(/\\r/g, '\r')
    .replace(/\\n/g, '\n')
    .replace(/\\t/g, '\t')
    .replace(/\\f/g, '\f')
    .replace(/\\x([0-9a-fA-F]{1,2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function unescapeSpan(text: string): string {
  return text.replace(/\\(r|n|t|f)/g, (_, c: string) => ({ r: '\r', n: '\n', t: '\t', f: '\f' })[c]!);
}

function readLog(log: string, side: 'request' | 'response'): { messages: ExpectedMessage[]; error: string } {
  const messages: ExpectedMessage[] = [];
  let error = '';
  let name = '';
  let value = '';
  let message = emptyMessage();
  let inHead = true;
  for (const line of log.split('\n')) {
    const failure = /error code=(\d+) reason="(.*)"/.exec(line);
    if (failure !== null) error = `${failure[1]} ${failure[2]}`;
    if (/ message begin$/.test(line)) {
      messages.push((message = emptyMessage()));
      inHead = true;
    }
    if (/ message complete$/.test(line)) message.complete = true;
    else if (/ header_field complete$/.test(line)) value = '';
    else if (/ header_value complete$/.test(line)) {
      if (inHead) message.fields.push([name, value.trim()]);
      name = '';
      value = '';
    }
    const headers = / headers complete (?:method=\d+|status=(\d+))/.exec(line);
    if (headers !== null) inHead = false;
    if (headers !== null && side === 'response') message.status = Number(headers[1]);
    const span = /len=\d+ span\[(\w+)\]=(?:"([\s\S]*)"|(cr|lf))$/.exec(line);
    if (span === null) continue;
    const text = span[3] === undefined ? unescapeSpan(span[2]!) : span[3] === 'cr' ? '\r' : '\n';
    if (span[1] === 'method') message.method += text;
    else if (span[1] === 'url') message.uri += text;
    else if (span[1] === 'status') message.reason += text;
    else if (span[1] === 'version') message.version += text;
    else if (span[1] === 'body') message.body += text;
    else if (span[1] === 'header_field') name += text;
    else if (span[1] === 'header_value') value += text;
  }
  return { messages, error };
}

function emptyMessage(): ExpectedMessage {
  return { method: '', uri: '', status: 0, reason: '', version: '', fields: [], body: '', complete: false };
}
