/** The real layer, with a task beside each of its streams. */
import type { CloseReason, GapReason, Side, StreamHandler } from '../../../agent/tcp/stream-handler.ts';
import { TcpLayer as RealTcpLayer, type TcpLayerOptions } from '../../../agent/tcp/tcp.ts';

export * from '../../../agent/tcp/tcp.ts';

export class TcpLayer extends RealTcpLayer {
  constructor(options: TcpLayerOptions) {
    super({ ...options, handler: new FollowedStreams(options.handler) });
  }
}

/** Round trips of a stream that are looked at. */
const roundTripsMax = 250;

class FollowedStreams implements StreamHandler {
  readonly #inner: StreamHandler;
  readonly #endings = new Map<string, (reason: CloseReason) => void>();
  #ended = 0;

  constructor(inner: StreamHandler) {
    this.#inner = inner;
  }

  open(stream: number, tsUs: number, midStream?: boolean): void {
    void this.#follow(stream, tsUs);
    this.#inner.open(stream, tsUs, midStream);
  }

  data(
    stream: number,
    side: Side,
    bytes: Uint8Array,
    start: number,
    end: number,
    tsUs: number,
    sequence?: number,
    acknowledgement?: number,
  ): void {
    this.#inner.data(stream, side, bytes, start, end, tsUs, sequence, acknowledgement);
  }

  gap(stream: number, side: Side, length: number, reason: GapReason, tsUs: number): void {
    this.#inner.gap(stream, side, length, reason, tsUs);
  }

  end(stream: number, side: Side, tsUs: number): void {
    this.#inner.end(stream, side, tsUs);
  }

  close(stream: number, reason: CloseReason, tsUs: number): void {
    this.#endings.get(`${stream}`)?.(reason);
    this.#inner.close(stream, reason, tsUs);
  }

  async #follow(stream: number, tsUs: number): Promise<void> {
    const roundTrips = new Array<number>(roundTripsMax).fill(tsUs + 0.5);
    const reason = await new Promise<CloseReason>((resolve) => this.#endings.set(`${stream}@${tsUs}`, resolve));
    this.#ended += reason === roundTrips.length ? 0 : 1;
  }
}
