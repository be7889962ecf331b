/** The exchanges of one HTTP connection of a flood. */
import type { Random } from '../../../agent/seeded-random.ts';
import { chunked, type SocketWrite, socketWrite } from '../synthesis/exchange.ts';
import { hexText } from '../synthesis/json-body.ts';
import type { Direction } from '../synthesis/tcp-frame.ts';
import { bytesRange, countRange, draw, drawSize, drawWhole, type Range, timeRange } from './amounts.ts';
import { BodyPool, type MadeBody } from './body-pool.ts';
import { latin1 } from './contents.ts';
import type { FloodTruth } from './flood-truth.ts';
import type { ExchangeKind, HttpPart } from './plan-types.ts';
import type { LateSegment, TcpTalk, Waits } from './tcp-talk.ts';

interface PreparedExchange {
  readonly plan: ExchangeKind;
  readonly request: BodyPool | undefined;
  readonly response: BodyPool | undefined;
  /** Of all weights up to and with its own. */
  readonly weightEnd: number;
}

/** A part of a flood, with its bodies made. */
export class HttpPopulation {
  readonly #part: HttpPart;
  readonly #exchanges: readonly PreparedExchange[];
  readonly #keepAlive: Range;
  readonly #think: Range;
  readonly #patience: Range;

  constructor(part: HttpPart, random: Random) {
    this.#part = part;
    let weightEnd = 0;
    this.#exchanges = part.exchanges.map((plan) => ({
      plan,
      request: plan.request && new BodyPool(plan.request, random),
      response: plan.response && new BodyPool(plan.response, random),
      weightEnd: (weightEnd += plan.weight ?? 1),
    }));
    this.#keepAlive = countRange(part.keepAlive ?? 1);
    this.#think = timeRange(part.think ?? '0ms');
    this.#patience = timeRange(part.patience ?? '500ms');
  }

  /** From the first SYN to the end. */
  *connection(talk: TcpTalk, number: number, random: Random, truth: FloodTruth): Waits {
    const { fault, pipelining = 1, end = 'fin' } = this.#part;
    yield* talk.open();
    if (fault?.kind === 'far-ahead') yield* talk.farAhead(drawSize(random, bytesRange(fault.bytes)));
    const count = Math.max(1, drawWhole(random, this.#keepAlive));
    for (let done = 0; done < count; ) {
      const batch = Array.from({ length: Math.min(pipelining, count - done) }, (_, index) =>
        this.#exchange(random, { connection: number, exchange: done + index }),
      );
      for (const exchange of batch) yield* this.#request(talk, exchange, truth);
      for (const exchange of batch) {
        if (exchange.plan.answered === false) {
          // Nothing behind it can be answered either.
          yield draw(random, this.#patience);
          yield* talk.close();
          return;
        }
        yield* this.#response(talk, exchange, truth, exchange.place.exchange === count - 1);
        // It ends with its connection.
        if (exchange.responseBody?.framing === 'close') {
          yield* talk.close();
          return;
        }
      }
      done += batch.length;
      if (done < count) yield draw(random, this.#think);
    }
    if (end === 'reset') yield* talk.reset();
    else if (end === 'fin') yield* talk.close();
  }

  *#request(talk: TcpTalk, exchange: Exchange, truth: FloodTruth): Waits {
    const { head, body, plan, requestBody, requestLine } = exchange;
    if (plan.expect && body.length > 0) {
      yield* talk.write(0, [socketWrite(head)]);
      yield* talk.write(1, [socketWrite(continueHead)]);
      truth.interim();
      yield* talk.write(0, [socketWrite(...body)]);
    } else {
      yield* this.#message(talk, 0, socketWrite(head, ...body), exchange);
    }
    truth.message({ ...exchange.place, kind: 'request' }, requestLine, requestBody, true);
  }

  /** With a segment that comes late, where that is what goes wrong. */
  *#message(talk: TcpTalk, direction: Direction, write: SocketWrite, { late }: Exchange): Waits {
    if (late) yield* talk.writeLate(direction, write, late);
    else yield* talk.write(direction, [write]);
  }

  *#response(talk: TcpTalk, exchange: Exchange, truth: FloodTruth, isLast: boolean): Waits {
    const { fault } = this.#part;
    const queued = fault?.kind === 'queued-at-close' && isLast;
    const segmentLost = queued
      ? 1
      : fault?.kind === 'lost-segment' && exchange.place.exchange === 0
        ? fault.segment - 1
        : -1;
    let isIntact = true;
    const isLost = (segment: number) => {
      if (segment !== segmentLost) return false;
      isIntact = false;
      return true;
    };
    if (exchange.late) yield* this.#message(talk, 1, exchange.response[0]!, exchange);
    else yield* talk.write(1, exchange.response, isLost, !queued);
    const { responseBody, statusLine, place } = exchange;
    truth.message({ ...place, kind: 'response' }, statusLine, responseBody, isIntact);
    if (isIntact) truth.exchangeIntact();
  }

  #exchange(random: Random, place: Exchange['place']): Exchange {
    const at = random.fraction() * this.#exchanges.at(-1)!.weightEnd;
    const prepared = this.#exchanges.find(({ weightEnd }) => at < weightEnd) ?? this.#exchanges.at(-1)!;
    const { plan } = prepared;
    const requestBody = prepared.request?.draw(random);
    const responseBody = prepared.response?.draw(random);
    const method = plan.method ?? (requestBody ? 'POST' : 'GET');
    const target = (plan.target ?? '/items/{id}')
      .replaceAll('{id}', () => String(random.integer(1, 999_999)))
      .replaceAll('{hex}', () => hexText(random, 32));
    const requestLine = `${method} ${target} HTTP/1.1`;
    const statusLine = `HTTP/1.1 ${plan.status ?? 200} ${reasons[plan.status ?? 200] ?? 'Other'}`;
    const expect = plan.expect && requestBody ? 'Expect: 100-continue\r\n' : '';
    const head = latin1(
      `${requestLine}\r\nHost: api.example.com\r\nUser-Agent: flood/1\r\nAccept: */*\r\nX-Request-Id: ${hexText(random, 16)}\r\n` +
        `${furtherFields(plan, random)}${expect}${requestBody ? bodyFields(requestBody) : ''}\r\n`,
    );
    const { fault } = this.#part;
    return {
      plan,
      place,
      late:
        fault?.kind === 'late-segment'
          ? { segment: fault.segment - 1, byUs: draw(random, timeRange(fault.by)) }
          : undefined,
      requestLine,
      statusLine,
      head,
      body: requestBody ? framed(requestBody, random) : [],
      requestBody,
      response: [responseOf(plan, statusLine, method, responseBody, random)],
      responseBody: hasNoBody(plan, method) ? undefined : responseBody,
    };
  }
}

interface Exchange {
  readonly plan: ExchangeKind;
  readonly late: LateSegment | undefined;
  readonly place: { readonly connection: number; readonly exchange: number };
  readonly requestLine: string;
  readonly statusLine: string;
  readonly head: Uint8Array;
  readonly body: readonly Uint8Array[];
  readonly requestBody: MadeBody | undefined;
  readonly response: readonly SocketWrite[];
  readonly responseBody: MadeBody | undefined;
}

const continueHead = latin1('HTTP/1.1 100 Continue\r\n\r\n');
const reasons: Readonly<Record<number, string>> = {
  200: 'OK',
  201: 'Created',
  204: 'No Content',
  304: 'Not Modified',
  404: 'Not Found',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

/** RFC 9110, section 6.4.1: whatever its fields say. */
function hasNoBody({ status }: ExchangeKind, method: string): boolean {
  return method === 'HEAD' || status === 204 || status === 304;
}

function responseOf(
  plan: ExchangeKind,
  statusLine: string,
  method: string,
  body: MadeBody | undefined,
  random: Random,
): SocketWrite {
  const start = `${statusLine}\r\nServer: flood\r\nDate: Tue, 05 Mar 2024 10:00:00 GMT\r\n`;
  if (hasNoBody(plan, method)) return socketWrite(latin1(`${start}\r\n`));
  if (body === undefined) return socketWrite(latin1(`${start}Content-Length: 0\r\n\r\n`));
  return socketWrite(latin1(`${start}${bodyFields(body)}\r\n`), ...framed(body, random));
}

function bodyFields({ type, coding, framing, bytes }: MadeBody): string {
  const coded = coding.length > 0 ? `Content-Encoding: ${coding.join(', ')}\r\n` : '';
  const length = framing === 'length' ? `Content-Length: ${bytes.length}\r\n` : '';
  const end =
    framing === 'chunked' ? 'Transfer-Encoding: chunked\r\n' : framing === 'close' ? 'Connection: close\r\n' : '';
  return `Content-Type: ${type}\r\n${coded}${length}${end}`;
}

function framed({ framing, bytes }: MadeBody, random: Random): Uint8Array[] {
  return framing === 'chunked' ? chunked(random, bytes) : [bytes];
}

function furtherFields({ fields }: ExchangeKind, random: Random): string {
  if (!fields) return '';
  const count = drawWhole(random, countRange(fields.count));
  let text = '';
  for (let index = 0; index < count; index++) {
    text += `X-${hexText(random, 8)}-${index}: ${hexText(random, drawSize(random, bytesRange(fields.bytes)))}\r\n`;
  }
  return text;
}
