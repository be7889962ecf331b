/** One recorded connection at the service: requests in their order, pipelined where they were, opened again where the service closes it. */
import type { Socket } from 'node:net';
import { CloseReason } from '../../agent/tcp/stream-handler.ts';
import type { Answer, SentRequest } from './answer-comparison.ts';
import { answerTimeoutMs, closeTimeoutMs } from './limits.ts';
import { isIdempotent } from './repeatable.ts';

/** A request that is due. */
export interface DueRequest {
  readonly request: SentRequest;
  /** Sent without the answer to the one before it. */
  readonly isPipelined: boolean;
  /** On the sender's clock; undefined where there is no schedule. */
  readonly dueMs: number | undefined;
  /** It waited for the answer to the one before it. */
  hasWaited: boolean;
  /** It was sent once before, on a connection that was over before anything of an answer came. */
  isAgain: boolean;
  /** Its bytes, read when they are sent. */
  readonly pieces: () => Iterable<Buffer>;
}

/** What its connections have of a replay. */
export interface ReplayContext {
  readonly nowMs: () => number;
  readonly connect: (host: string) => Socket;
  readonly host: string;
  /** Another address to try after a refusal at `host`; undefined: there is none. */
  hostAfter(host: string): string | undefined;
  /** The HTTP layer that reads answers. */
  readonly http: AnswerStreams;
  sent(due: DueRequest, lateMs: number): void;
  sentBytes(count: number): void;
  missed(request: SentRequest): void;
  opened(isAgain: boolean): void;
  /** The request goes over another connection, once more. */
  repeated(): void;
  failed(code: string): void;
  /** The service said more than its answers. */
  spokeUnasked(): void;
  /** Requests that wait on their connections, of all. */
  queued: number;
  /** An answer, or an end: who waits looks again. */
  changed(): void;
  /** Its slot is free. */
  closed(connection: ReplayConnection): void;
}

export interface AnswerStreams {
  open(stream: number): void;
  data(stream: number, side: 0 | 1, bytes: Uint8Array): void;
  standing(stream: number): 'between' | 'within' | 'lost';
  end(stream: number): void;
  close(stream: number, reason: CloseReason): void;
}

export class ReplayConnection {
  /** In the table of the layer that reads answers. */
  readonly slot: number;
  readonly key: number;
  lastUsedMs: number;
  isOver = false;
  readonly #context: ReplayContext;
  readonly #queue: DueRequest[] = [];
  /** Sent, and not answered. */
  readonly #sent: DueRequest[] = [];
  #socket: Socket | undefined;
  #isOpen = false;
  #isWriting = false;
  #isEnding = false;
  /** The service closes the connection: nothing more is sent on it. */
  #isLeaving = false;
  /** It said so with an answer: what was sent behind that was not read. */
  #isAnnounced = false;
  /** What it owes is not waited for any more. */
  #isGivenUp = false;
  /** Answers on the connection that is open. */
  #answersHere = 0;
  /** Bytes of the service are being read: what may follow an answer waits until all of them are. */
  #isReading = false;
  /** More answers came than requests were sent. */
  #isUnasked = false;
  /** Something came since the last answer. */
  #hasPart = false;
  #opens = 0;
  /** Since when the service owes something. */
  #owesSinceMs = 0;
  #endedAtMs = 0;

  constructor(slot: number, key: number, context: ReplayContext) {
    this.slot = slot;
    this.key = key;
    this.#context = context;
    this.lastUsedMs = context.nowMs();
  }

  get isIdle(): boolean {
    return this.#queue.length + this.#sent.length === 0 && !this.#isWriting;
  }

  get isConnected(): boolean {
    return this.#isOpen;
  }

  /** No request comes any more. */
  get isEnding(): boolean {
    return this.#isEnding;
  }

  /** The service has owed an answer, a connection or its end for too long. */
  isLate(nowMs: number): boolean {
    if (this.#endedAtMs > 0) return nowMs - this.#endedAtMs > closeTimeoutMs;
    const owesNothing = this.isIdle && (this.#isOpen || !this.#socket);
    return !owesNothing && nowMs - this.#owesSinceMs > answerTimeoutMs;
  }

  open(): void {
    if (this.#socket) return;
    this.#context.opened(this.#opens > 0);
    this.#opens += 1;
    this.#connect(this.#context.host);
  }

  send(due: DueRequest): void {
    this.lastUsedMs = this.#context.nowMs();
    if (this.isIdle) this.#owesSinceMs = this.lastUsedMs;
    const isFree =
      !this.#isLeaving && this.#queue.length === 0 && !this.#isWriting && (due.isPipelined || this.#sent.length === 0);
    due.hasWaited = !isFree && this.#isOpen;
    this.#queue.push(due);
    this.#context.queued += 1;
    if (!this.#socket) this.open();
    else if (this.#isOpen) this.#flush();
  }

  /** The final answer to the oldest request. */
  answered({ status, isLast, isWhole }: Answer): SentRequest | undefined {
    const due = this.#sent.shift();
    // A service may say so before it closes a connection that was idle for long (RFC 9110, 15.5.9).
    if (!due && status !== 408) this.#isUnasked = true;
    if (isLast) this.#isLeaving = this.#isAnnounced = true;
    // Where it ended, and what is behind it, is not known.
    if (!isWhole || !due) this.#isLeaving = true;
    this.#answersHere += 1;
    this.#hasPart = false;
    this.#owesSinceMs = this.lastUsedMs = this.#context.nowMs();
    return due?.request;
  }

  /** What may follow an answer. */
  goOn(): void {
    if (this.#isReading) return;
    if (this.#isOpen) this.#flush();
    this.#endIfDone();
    this.#context.changed();
  }

  /** No more requests come: it is closed once the last answer is there. */
  finish(): void {
    this.#isEnding = true;
    this.#endIfDone();
  }

  /** Whatever the service owes has not come. */
  destroy(): void {
    this.#isGivenUp = true;
    this.#socket?.destroy();
    if (!this.#socket) this.#endIfDone();
  }

  #connect(host: string): void {
    const socket = this.#context.connect(host);
    this.#socket = socket;
    this.#owesSinceMs = this.#context.nowMs();
    let error: NodeJS.ErrnoException | undefined;
    socket.setNoDelay(true);
    socket.on('connect', () => {
      this.#isOpen = true;
      this.#context.http.open(this.slot);
      this.#flush();
      this.#endIfDone();
      this.#context.changed();
    });
    // The reader of answers may not be closed from within: it is left once it has returned.
    const read = (take: () => void) => {
      if (this.#socket !== socket) return;
      take();
      if (this.#isLeaving) this.#leave(socket);
    };
    socket.on('data', (bytes: Buffer) =>
      read(() => {
        this.#hasPart = true;
        this.#isReading = true;
        this.#context.http.data(this.slot, 1, bytes);
        this.#isReading = false;
        this.#check();
        if (!this.#isLeaving) this.goOn();
      }),
    );
    socket.on('end', () =>
      read(() => {
        // Whatever was said before, nothing answers any more (RFC 9112, 9.6): an answer that was cut ends here, too.
        this.#isLeaving = true;
        this.#context.http.end(this.slot);
      }),
    );
    socket.on('error', (each: NodeJS.ErrnoException) => {
      error = each;
    });
    socket.on('close', () => this.#socket === socket && this.#gone(host, error));
  }

  /** What came is answers, and no more of them than requests: else nothing more is sent here, since any answer may be that of another request. */
  #check(): void {
    const standing = this.#context.http.standing(this.slot);
    const isAsked = this.#sent.length > 0;
    if (this.#isUnasked || (!isAsked && !this.#isLeaving && standing !== 'between')) this.#context.spokeUnasked();
    else if (isAsked && standing === 'lost') this.#context.failed('answer is no HTTP');
    else return;
    this.#isLeaving = true;
  }

  /** The connection is over before its socket is: what follows goes over another one. */
  #leave(socket: Socket): void {
    this.#socket = undefined;
    this.#isOpen = false;
    this.#context.http.close(this.slot, CloseReason.fin);
    this.#settle();
    socket.destroy();
    this.#reopen();
  }

  /**
   * What becomes of requests without an answer. Behind an announced last answer none was read (RFC 9112, 9.6): each is sent once more.
   * A connection that had answered before may have been closed before they came: those that may be repeated are sent once more,
   * unless a part of an answer came (RFC 9110, 9.2.2; RFC 9112, 9.3.1). The others are lost.
   */
  #settle(): void {
    const maybeUnread = this.#answersHere > 0 && !this.#isGivenUp;
    const again: DueRequest[] = [];
    for (const [at, due] of this.#sent.splice(0).entries()) {
      const isAnswering = at === 0 && this.#hasPart;
      const isSafe = this.#isAnnounced || (maybeUnread && !isAnswering && !due.isAgain && isIdempotent(due.request));
      if (isSafe) again.push(due);
      else this.#context.missed(due.request);
    }
    for (const due of again) {
      due.isAgain = true;
      this.#context.repeated();
    }
    this.#queue.unshift(...again);
    this.#context.queued += again.length;
    this.#isLeaving = this.#isAnnounced = this.#isGivenUp = this.#hasPart = this.#isUnasked = false;
    this.#answersHere = 0;
  }

  #reopen(): void {
    if (this.#queue.length > 0) this.open();
    this.#endIfDone();
    this.#context.changed();
  }

  #gone(host: string, error: NodeJS.ErrnoException | undefined): void {
    const wasOpen = this.#isOpen;
    this.#socket = undefined;
    this.#isOpen = false;
    if (wasOpen) this.#context.http.close(this.slot, error ? CloseReason.reset : CloseReason.fin);
    else {
      const other = error?.code === 'ECONNREFUSED' ? this.#context.hostAfter(host) : undefined;
      if (other !== undefined) {
        this.#connect(other);
        return;
      }
      // A connection that could not be opened takes one request with it; the next one tries again.
      for (const { request } of this.#unqueue()) this.#context.missed(request);
    }
    if (error) this.#context.failed(error.code ?? 'error');
    this.#settle();
    this.#reopen();
  }

  #unqueue(): DueRequest[] {
    const [due] = this.#queue.splice(0, 1);
    if (!due) return [];
    this.#context.queued -= 1;
    return [due];
  }

  #endIfDone(): void {
    if (!this.#isEnding || !this.isIdle || this.isOver) return;
    if (this.#socket && !this.#socket.destroyed) {
      if (!this.#isOpen || this.#endedAtMs > 0) return;
      this.#endedAtMs = this.#context.nowMs();
      this.#socket.end();
      return;
    }
    this.isOver = true;
    this.#context.closed(this);
    this.#context.changed();
  }

  #flush(): void {
    while (!this.#isWriting && this.#isOpen && !this.#isLeaving) {
      const due = this.#queue[0];
      // What a service did not read once is sent alone: each request twice at most.
      const waits = due?.isAgain || !due?.isPipelined;
      if (!due || (waits && this.#sent.length > 0)) return;
      this.#queue.shift();
      this.#context.queued -= 1;
      this.#write(due);
    }
  }

  #write(due: DueRequest): void {
    const { nowMs, http } = this.#context;
    const socket = this.#socket!;
    this.#sent.push(due);
    this.#context.sent(due, due.dueMs === undefined ? 0 : nowMs() - due.dueMs);
    const pieces = due.pieces()[Symbol.iterator]();
    this.#isWriting = true;
    const next = () => {
      for (let piece = pieces.next(); !piece.done; piece = pieces.next()) {
        // An answer that came early has closed it: the rest has nowhere to go.
        if (this.#socket !== socket || socket.destroyed) break;
        http.data(this.slot, 0, piece.value);
        this.#context.sentBytes(piece.value.length);
        if (socket.write(piece.value)) continue;
        socket.once('drain', next);
        socket.once('close', stop);
        return;
      }
      stop();
    };
    const stop = () => {
      socket.off('drain', next);
      socket.off('close', stop);
      if (!this.#isWriting) return;
      this.#isWriting = false;
      this.goOn();
    };
    next();
  }
}
