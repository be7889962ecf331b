/** Answers beside the recorded ones: what differs, counted, the first of them by name. Pure. */
import type { RequestDifference } from '../feed/request-account.ts';
import { differencesMax } from './limits.ts';
import { EventFlag, type RequestEvent } from './request-event.ts';

/** A final answer of the service. */
export interface Answer {
  readonly status: number;
  /** Body bytes, transfer coding removed. */
  readonly length: number;
  /** It came to its end. */
  readonly isWhole: boolean;
  /** No other answer follows on its connection (RFC 9112, 9.3 and 9.6). */
  readonly isLast: boolean;
}

/** What is known of a request that was sent. */
export interface SentRequest {
  /** In the order of sending, from 1. */
  readonly number: number;
  /** Of the recorded answer. */
  readonly flags: number;
  readonly status: number;
  readonly answerBytes: number;
  /** The beginning of its start line, latin1; read where it is asked for. */
  readonly startLine: () => string;
}

export function sentRequest(number: number, event: RequestEvent, startLine: () => string): SentRequest {
  const { flags, status, answerBytes } = event;
  return { number, flags, status, answerBytes, startLine };
}

export class AnswerComparison {
  answered = 0;
  not2xx = 0;
  errors = 0;
  unanswered = 0;
  differentStatus = 0;
  differentLength = 0;
  uncompared = 0;
  incomparableErrors = 0;
  statusOnly = 0;
  revalidated = 0;
  readonly differences: RequestDifference[] = [];

  /** @param isWhole its body came to its end */
  answer(request: SentRequest, status: number, length: number, isWhole: boolean): void {
    if (!isWhole) {
      this.miss(request);
      return;
    }
    this.answered += 1;
    if (status < 200 || status > 299) this.not2xx += 1;
    const wasAnswered = (request.flags & EventFlag.answered) !== 0;
    const isRevalidated = (request.flags & EventFlag.revalidated) !== 0 && (status === 304 || status === 200);
    const isSame = wasAnswered && (isRevalidated || status === request.status);
    if (status >= 400 && !isSame) {
      // It may be as it was recorded: which of the recorded answers that is cannot be known.
      if ((request.flags & EventFlag.unpaired) !== 0) this.incomparableErrors += 1;
      else this.errors += 1;
    }
    if (!wasAnswered) this.uncompared += 1;
    else if (!isSame) {
      this.differentStatus += 1;
      this.#note(request, status, length, 'status');
    } else if (isRevalidated) this.revalidated += 1;
    else if ((request.flags & EventFlag.measured) === 0) this.statusOnly += 1;
    else if (length !== request.answerBytes) {
      this.differentLength += 1;
      this.#note(request, status, length, 'length');
    }
  }

  miss(request: SentRequest): void {
    this.unanswered += 1;
    this.#note(request, null, null, 'unanswered');
  }

  #note(request: SentRequest, status: number | null, length: number | null, reason: RequestDifference['reason']): void {
    if (this.differences.length >= differencesMax) return;
    const { number, flags } = request;
    this.differences.push({
      request: number,
      ...targetOf(request.startLine()),
      recordedStatus: (flags & EventFlag.answered) === 0 ? null : request.status,
      recordedLength: (flags & EventFlag.measured) === 0 ? null : request.answerBytes,
      status,
      length,
      reason,
    });
  }
}

/** Longer parts of a path, and what is coded, may be tokens: they are not shown. */
const partCharactersMax = 24;

/** Method and path as they may be shown: no query, nothing that looks like a secret. */
export function targetOf(startLine: string): { method: string; path: string } {
  const [method = '', target = ''] = startLine.split(' ');
  const [path = ''] = target.replace(/^https?:\/\/[^/]*/i, '').split(/[?#;]/);
  const parts = path.split('/').map((part) => {
    const isPlain = /^[\w.~-]*$/.test(part) && part.length <= partCharactersMax;
    // Letters and digits in turns are no word: `9f86d081884c7d65`.
    return isPlain && (part.match(/[0-9][a-z]|[a-z][0-9]/gi)?.length ?? 0) < 4 ? part : '…';
  });
  return { method: /^[A-Z-]{1,20}$/.test(method) ? method : '…', path: parts.join('/').slice(0, 200) };
}
