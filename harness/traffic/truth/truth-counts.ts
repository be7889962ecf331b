/** What the truth counts, and what it says that it cannot know. */
import type { Truth, TruthDoubt } from '../traffic.ts';
import type { Fate } from './half-stream.ts';
import type { MessageKind } from './message-framer.ts';
import type { WholeExchanges } from './whole-exchanges.ts';

const doubtWords = {
  midStream: 'directions of streams without their start (no SYN)',
  notHttp: 'directions of streams that are no HTTP/1',
  lostSync: 'directions of streams in which the place of messages was lost',
  http2: 'connections in HTTP/2, which hold no HTTP/1 message',
  cutOff: 'responses without a length whose connection ended without a FIN',
  unseen:
    'directions of streams framed by requests (HEAD, CONNECT) or answers (to Expect) that were not delivered in time: a smaller skew or delay, or traffic without them, can be judged',
  holes: 'directions of streams with bytes that the recording does not hold',
  snapped: 'frames that the recording holds in part (snap length)',
  otherFrames: 'frames outside of plain TCP (tunnels) that may hold heads of messages',
  fragments: 'fragments of datagrams that are not whole, overlap, were damaged, or came late',
  strayed: 'damaged frames whose stream is unknown',
  copies: 'directions of streams that are seen in another network too',
  repeated: 'streams that were delivered once more, after a pause or their end',
  late: 'messages of which parts were delivered later than an observer waits',
  unstarted:
    'messages on a port that was used before, without their SYN before them: an observer may take them for those of the connection before',
  doubled:
    'messages of which a byte was delivered with two contents, that of a keep-alive probe first: they may differ',
  forgotten: 'streams forgotten while open, since more were open than are followed',
} as const;
export type Doubt = keyof typeof doubtWords;

export class TruthCounts {
  readonly #sums = {
    requests: 0,
    responses: 0,
    requestsIntact: 0,
    responsesIntact: 0,
    requestsPossible: 0,
    responsesPossible: 0,
    interims: 0,
    exchangesIntact: 0,
    exchangesTouched: 0,
  };
  /** Of some connection not all whole exchanges are known. */
  #isCut = false;
  readonly #doubts = new Map<Doubt, number>();

  message(kind: Exclude<MessageKind, 'preface'>, fate: Fate): void {
    const sums = this.#sums;
    if (kind === 'interim') {
      if (fate === 'intact') sums.interims += 1;
      else if (fate === 'possible') sums.responsesPossible += 1;
      return;
    }
    const isRequest = kind === 'request';
    if (isRequest) sums.requests += 1;
    else sums.responses += 1;
    if (fate === 'intact') sums[isRequest ? 'requestsIntact' : 'responsesIntact'] += 1;
    else if (fate === 'possible') sums[isRequest ? 'requestsPossible' : 'responsesPossible'] += 1;
  }

  /** Heads that may be in bytes that could not be framed. */
  unframed(heads: number, isRequest: boolean | undefined): void {
    if (isRequest !== false) this.#sums.requestsPossible += heads;
    if (isRequest !== true) this.#sums.responsesPossible += heads;
  }

  /** Of one connection. @param isTouched some of its bytes were not delivered */
  exchanges({ count, isCut }: WholeExchanges, isTouched: boolean): void {
    this.#sums.exchangesIntact += count;
    if (isTouched) this.#sums.exchangesTouched += count;
    this.#isCut ||= isCut;
  }

  doubt(doubt: Doubt): void {
    this.#doubts.set(doubt, (this.#doubts.get(doubt) ?? 0) + 1);
  }

  get truth(): Truth {
    const doubts: TruthDoubt[] = [];
    for (const [doubt, count] of this.#doubts) doubts.push({ count, what: doubtWords[doubt] });
    const { exchangesIntact, ...sums } = this.#sums;
    return { ...sums, doubts, ...(this.#isCut ? {} : { exchangesIntact }) };
  }
}
