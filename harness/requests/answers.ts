/** Reads the answers of a service with the agent's own HTTP layer: where each ends, and how long it is, as it was counted in the recording. */
import { createHttpCounters } from '../../agent/http/http-counters.ts';
import { HttpLayer } from '../../agent/http/http-layer.ts';
import { defaultHttpLimits } from '../../agent/http/http-limits.ts';
import { MessageFlag } from '../../agent/http/message-flag.ts';
import type { HttpMessage } from '../../agent/http/message-handler.ts';
import type { CloseReason } from '../../agent/tcp/stream-handler.ts';
import type { Answer } from './answer-comparison.ts';
import type { AnswerStreams } from './replay-connection.ts';

export class Answers implements AnswerStreams {
  readonly #http: HttpLayer;
  readonly #nowMs: () => number;
  /** By stream: the service sent a request, as one that echoes does. */
  readonly #isAsking: boolean[] = [];

  /** @param streams connections read at one time @param onAnswer a final answer has ended on a stream */
  constructor(streams: number, nowMs: () => number, onAnswer: (stream: number, answer: Answer) => void) {
    this.#nowMs = nowMs;
    /** Of the answer under way, by stream. */
    const closes: boolean[] = [];
    this.#http = new HttpLayer({
      limits: { ...defaultHttpLimits, streamsMax: streams },
      counters: createHttpCounters(),
      handler: {
        readsHeadLater: false,
        begin: (message) => {
          if (message.side === 1 && message.kind === 'request') this.#isAsking[message.stream] = true;
          if (message.kind === 'response') closes[message.stream] = isClosing(message);
        },
        body: () => {},
        bodyGap: () => {},
        end: ({ kind, flags, stream, status, bodyBytes, complete }) => {
          if (kind !== 'response' || (flags & MessageFlag.interim) !== 0) return;
          const isLast = closes[stream] === true || (flags & MessageFlag.untilClose) !== 0;
          onAnswer(stream, { status, length: bodyBytes, isWhole: complete, isLast });
        },
      },
    });
  }

  open(stream: number): void {
    this.#isAsking[stream] = false;
    this.#http.open(stream, this.#nowMs() * 1000, false);
  }

  /** @param side 0: sent, 1: received */
  data(stream: number, side: 0 | 1, bytes: Uint8Array): void {
    this.#http.data(stream, side, bytes, 0, bytes.length, this.#nowMs() * 1000);
  }

  /** Where the service is in what it says. */
  standing(stream: number): 'between' | 'within' | 'lost' {
    return this.#isAsking[stream] ? 'lost' : this.#http.standing(stream, 1);
  }

  /** The service has said that no more comes. */
  end(stream: number): void {
    this.#http.end(stream, 1, this.#nowMs() * 1000);
  }

  close(stream: number, reason: CloseReason): void {
    this.#http.close(stream, reason, this.#nowMs() * 1000);
  }
}

/** HTTP/1.0 closes unless it says that it does not. */
function isClosing({ minorVersion, headers }: HttpMessage): boolean {
  const options =
    headers
      .all('connection')
      ?.toLowerCase()
      .split(/[\s,]+/) ?? [];
  return options.includes('close') || (minorVersion === 0 && !options.includes('keep-alive'));
}
