/**
 * The requests of a HAR file (HTTP Archive 1.2), put together as HTTP/1.1 says them: a HAR has no bytes of a wire. Where it does not have
 * the body that was sent, the request is counted and left out.
 */
import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import * as v from 'valibot';
import { FloodgateError } from '../../agent/errors.ts';
import type { UnsentReason } from '../feed/request-account.ts';
import type { ReadRequests } from './captured-requests.ts';
import { comparedAs, sentBody } from './har-bodies.ts';
import { token } from './header-rules.ts';
import { harBytesMax, namedEntriesMax, openAheadUs } from './limits.ts';
import { EventKind, emptyEvent } from './request-event.ts';
import type { SpoolWriter } from './spool.ts';

const named = v.object({ name: v.string(), value: v.fallback(v.string(), '') });
const noAnswer = { status: 0, headers: [], httpVersion: '', content: { size: -1 }, bodySize: -1 };
const answerSchema = v.object({
  status: v.fallback(v.number(), 0),
  headers: v.fallback(v.array(named), []),
  httpVersion: v.fallback(v.string(), ''),
  content: v.fallback(
    v.object({
      size: v.fallback(v.number(), -1),
      text: v.fallback(v.optional(v.string()), undefined),
      encoding: v.fallback(v.optional(v.string()), undefined),
    }),
    noAnswer.content,
  ),
  bodySize: v.fallback(v.number(), -1),
});
const entrySchema = v.object({
  startedDateTime: v.string(),
  time: v.fallback(v.number(), 0),
  connection: v.optional(v.union([v.string(), v.number()])),
  request: v.object({
    method: v.pipe(v.string(), v.regex(token)),
    url: v.string(),
    headers: v.array(named),
    bodySize: v.fallback(v.number(), -1),
    postData: v.optional(
      v.object({
        text: v.optional(v.string()),
        encoding: v.optional(v.string()),
        params: v.optional(
          v.array(v.object({ name: v.string(), value: v.optional(v.string()), fileName: v.optional(v.string()) })),
        ),
        comment: v.optional(v.string()),
      }),
    ),
  }),
  response: v.fallback(answerSchema, noAnswer),
});
const logSchema = v.object({
  log: v.object({
    entries: v.array(v.unknown()),
    creator: v.fallback(
      v.pipe(
        v.object({ name: v.string() }),
        v.transform(({ name }) => name),
      ),
      '',
    ),
  }),
});
type Entry = v.InferOutput<typeof entrySchema>;

/** By its name, or by what it begins with: no capture begins with a brace. */
export function isHar(file: string): boolean {
  if (/\.har(\.gz|\.zst)?$/i.test(file)) return true;
  if (file === '-') return false;
  const first = Buffer.alloc(64);
  try {
    const fd = openSync(file, 'r');
    const length = readSync(fd, first);
    closeSync(fd);
    return /^\uFEFF?\s*\{/.test(first.toString('utf8', 0, length));
  } catch {
    return false;
  }
}

/** @throws FloodgateError `har-unreadable` */
export function readHar(file: string, spool: SpoolWriter): ReadRequests {
  const unsent: Partial<Record<UnsentReason, number>> = {};
  const faults: string[] = [];
  const miss = ({ reason, why }: Unsendable, number: number) => {
    unsent[reason] = (unsent[reason] ?? 0) + 1;
    faults.push(`entry ${number} ${why}`);
  };
  const entries: {
    readonly entry: Entry;
    readonly bytes: Buffer;
    readonly headBytes: number;
    readonly startUs: number;
  }[] = [];
  const { entries: values, isOurs } = logOf(file);
  for (const [at, value] of values.entries()) {
    const parsed = v.safeParse(entrySchema, value);
    const startUs = parsed.success ? Date.parse(parsed.output.startedDateTime) * 1000 : Number.NaN;
    const request = !parsed.success
      ? malformed(`has no ${v.getDotPath(parsed.issues[0]) ?? 'request'} as a HAR file says it`)
      : Number.isFinite(startUs)
        ? requestOf(parsed.output)
        : malformed('has no date that can be read');
    if ('reason' in request) miss(request, at + 1);
    else entries.push({ entry: (parsed as { output: Entry }).output, startUs, ...request });
  }
  entries.sort((a, b) => a.startUs - b.startUs);
  const notes = notesOf(faults);
  return {
    ...log(entries, spool, isOurs),
    unsent,
    upgraded: entries.filter(({ entry }) => isUpgraded(entry)).length,
    unknown: 0,
    isAssembled: true,
    notes,
  };
}

/** A request that cannot be sent as it was. `why` names no value: it may be a secret. */
interface Unsendable {
  readonly reason: UnsentReason;
  readonly why: string;
}

function malformed(why: string): Unsendable {
  return { reason: 'malformed', why };
}

function notesOf(faults: readonly string[]): readonly string[] {
  const more = faults.length - namedEntriesMax;
  const named = faults.slice(0, namedEntriesMax).map((fault) => `not sent: ${fault}`);
  return more > 0 ? [...named, `not sent: ${more} entries more of the HAR file`] : named;
}

function log(
  entries: readonly { entry: Entry; bytes: Buffer; headBytes: number; startUs: number }[],
  spool: SpoolWriter,
  isExact: boolean,
) {
  const lanes = new Lanes();
  let order = 0;
  let bytesTotal = 0;
  for (const { entry, bytes, headBytes, startUs } of entries) {
    const lane = lanes.of(entry, startUs);
    const { method, headers } = entry.request;
    const { status } = entry.response;
    const { flags, answerBytes } = comparedAs(method, headers, entry.response, isExact);
    if (lane.isNew) {
      spool.event({ ...emptyEvent(), tsUs: startUs - openAheadUs, order: order + 0.5, connection: lane.number });
    }
    spool.event({
      kind: EventKind.request,
      ...{ flags, tsUs: startUs, order: (order += 1), connection: lane.number },
      ...{ offset: spool.write(bytes), length: bytes.length, headBytes, status, answerBytes },
    });
    bytesTotal += bytes.length;
  }
  const [first] = entries;
  const startUs = first ? first.startUs - openAheadUs : 0;
  const endUs = Math.max(startUs, lanes.endUs);
  for (const number of lanes.numbers) {
    spool.event({ ...emptyEvent(), kind: EventKind.close, tsUs: endUs, order: (order += 1), connection: number });
  }
  return {
    requests: entries.length,
    bytes: bytesTotal,
    connections: lanes.numbers.length,
    durationUs: endUs - startUs,
  };
}

/** Connections by the file's own names, or where it has none as a browser would use them: one that is free, else a new one. */
class Lanes {
  readonly numbers: number[] = [];
  endUs = 0;
  readonly #byName = new Map<string, number>();
  readonly #free: { readonly host: string; readonly number: number; untilUs: number }[] = [];

  of(entry: Entry, startUs: number): { number: number; isNew: boolean } {
    const { connection, time, request } = entry;
    const endUs = startUs + Math.max(0, time) * 1000;
    // No request follows on it.
    const freeUs = isUpgraded(entry) ? Number.POSITIVE_INFINITY : endUs;
    this.endUs = Math.max(this.endUs, endUs);
    const { host } = new URL(request.url);
    if (connection !== undefined && connection !== '' && connection !== '0') {
      const name = `${host} ${connection}`;
      const known = this.#byName.get(name);
      if (known !== undefined) return { number: known, isNew: false };
      const number = this.#add();
      this.#byName.set(name, number);
      return { number, isNew: true };
    }
    const free = this.#free.find((each) => each.host === host && each.untilUs <= startUs);
    if (free) {
      free.untilUs = freeUs;
      return { number: free.number, isNew: false };
    }
    const number = this.#add();
    this.#free.push({ host, number, untilUs: freeUs });
    return { number, isNew: true };
  }

  #add(): number {
    this.numbers.push(this.numbers.length + 1);
    return this.numbers.length;
  }
}

/** The connection left HTTP/1 behind this answer. */
function isUpgraded({ response }: Entry): boolean {
  return response.status === 101;
}

/** Headers that the bytes of the body decide. */
const framing = new Set([
  'content-length',
  'transfer-encoding',
  'connection',
  'proxy-connection',
  'keep-alive',
  'http2-settings',
]);

/** Headers of one connection that a request for another protocol has (RFC 9110, section 7.8). */
const upgrading = new Set(['http2-settings']);

/** What an address or the value of a header cannot hold: a line break in it would be a line of its own on the wire. */
const control = /[\x00-\x08\x0a-\x1f\x7f]/;

function requestOf({ request }: Entry): { bytes: Buffer; headBytes: number } | Unsendable {
  // The parser of URLs would leave line breaks and tabs out, and send something else.
  if (control.test(request.url) || request.url.includes('\t')) return malformed('has a control character in its URL');
  if (!URL.canParse(request.url)) return malformed('has no URL that can be read');
  const url = new URL(request.url);
  const isUpgrade = asksForUpgrade(request.headers);
  if (url.protocol === 'ws:' || url.protocol === 'wss:') {
    // Chromium writes a WebSocket so; its handshake is a request like others (RFC 6455, section 4.1).
    if (!isUpgrade) return malformed('is a WebSocket without the headers of its handshake');
  } else if (url.protocol !== 'http:' && url.protocol !== 'https:') return malformed(`is no HTTP: ${url.protocol}`);
  const body = sentBody(request);
  if (body === null) return { reason: 'bodyNotAsItWas', why: 'has no body, or another one than was sent' };
  const lines = [`${request.method} ${targetOf(request.url, url)} HTTP/1.1`];
  const isLeftOut = (name: string) => framing.has(name) && !(isUpgrade && upgrading.has(name));
  // A header that HTTP/2 names with a colon is in the start line here, or `Host`.
  const headers = request.headers.filter(({ name }) => !name.startsWith(':') && !isLeftOut(name.toLowerCase()));
  if (headers.some(({ name, value }) => !token.test(name) || control.test(value))) {
    return malformed('has a header that is none');
  }
  if (!headers.some(({ name }) => name.toLowerCase() === 'host')) lines.push(`Host: ${url.host}`);
  if (isUpgrade) lines.push(`Connection: ${connectionOf(headers)}`);
  for (const { name, value } of headers) lines.push(`${name}: ${value}`);
  if (body.length > 0 || /^(POST|PUT|PATCH)$/.test(request.method)) lines.push(`Content-Length: ${body.length}`);
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'utf8');
  return { bytes: Buffer.concat([head, body]), headBytes: head.length };
}

/** `Upgrade` without `Connection: Upgrade` asks for nothing: a file that leaves the headers of connections out means both. */
function asksForUpgrade(headers: Entry['request']['headers']): boolean {
  return headers.some(({ name, value }) => name.toLowerCase() === 'upgrade' && value.trim() !== '');
}

/** The connection goes on as the replay has it; what else the header may have named was of the recorded one. */
function connectionOf(headers: Entry['request']['headers']): string {
  return headers.some(({ name }) => upgrading.has(name.toLowerCase())) ? 'Upgrade, HTTP2-Settings' : 'Upgrade';
}

/** As it is written, dots and all; where it has more than visible ASCII, as browsers send it. */
function targetOf(text: string, url: URL): string {
  const written = /^(?:http|ws)s?:\/\/[^/?#\\]*([^#]*)/i.exec(text.trim())?.[1];
  if (written === undefined || !/^[/?]?[!-~]*$/.test(written)) return url.pathname + url.search;
  return written.startsWith('/') ? written : `/${written}`;
}

/** `isOurs`: our agent wrote it, which counts bodies without their framing. */
function logOf(file: string): { readonly entries: readonly unknown[]; readonly isOurs: boolean } {
  let value: unknown;
  try {
    if (statSync(file).size > harBytesMax) throw tooLarge(file);
    const bytes = readFileSync(file);
    const options = { maxOutputLength: harBytesMax };
    const [first, second] = bytes;
    const plain =
      first === 0x1f && second === 0x8b
        ? gunzipSync(bytes, options)
        : first === 0x28 && second === 0xb5
          ? zstdDecompressSync(bytes, options)
          : bytes;
    value = JSON.parse(plain.toString('utf8').replace(/^\uFEFF/, ''));
  } catch (cause) {
    if (cause instanceof FloodgateError) throw cause;
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(file);
    throw unreadable(file, (cause as Error).message, cause);
  }
  const parsed = v.safeParse(logSchema, value);
  if (!parsed.success) throw unreadable(file, 'it has no log.entries');
  const { entries, creator } = parsed.output.log;
  return { entries, isOurs: creator.startsWith('floodgate') };
}

function tooLarge(file: string): FloodgateError {
  return new FloodgateError('har-unreadable', `${file} cannot be read: it is larger than ${harBytesMax >> 20} MiB`, {
    hint: `Leave out what answers said, which is not compared: jq -c 'del(.log.entries[].response.content.text)' FILE > smaller.har`,
  });
}

function unreadable(file: string, why: string, cause?: unknown): FloodgateError {
  return new FloodgateError('har-unreadable', `${file} cannot be read: ${why}`, {
    hint: 'A HAR file is JSON as browsers, proxies and floodgate-agent --har write it.',
    cause,
  });
}
