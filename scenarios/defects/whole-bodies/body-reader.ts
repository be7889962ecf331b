/** Bodies that are not compressed, as the agent of the article (docs/story.md) read them: all of it first, then what is in it. */
import type { BodyHandler, BodyMeans, BodyOutcome } from '../../../agent/body/body-handler.ts';
import type { BodyLimits } from '../../../agent/body/body-limits.ts';
import { BodyReader as FlowingReader } from '../../../agent/body/body-reader.ts';
import type { CodingList } from '../../../agent/body/codings.ts';

export * from '../../../agent/body/body-reader.ts';

export class BodyReader extends FlowingReader {
  /** Null where a decoder gathers what it decodes. */
  #whole: Uint8Array | null;
  #length = 0;

  constructor(
    limits: BodyLimits,
    means: BodyMeans,
    handler: BodyHandler,
    contentType: string | undefined,
    codings: CodingList,
    depth = 0,
  ) {
    super(limits, means, handler, contentType, codings, depth);
    this.#whole = codings.codings.length === 0 ? new Uint8Array(4_096) : null;
  }

  override push(bytes: Uint8Array, start: number, end: number): void {
    if (this.#whole === null) {
      super.push(bytes, start, end);
      return;
    }
    const length = this.#length + end - start;
    if (length > this.#whole.length) this.#gather(length);
    this.#whole.set(bytes.subarray(start, end), this.#length);
    this.#length = length;
  }

  override gap(): void {
    this.#hand();
    super.gap();
  }

  override finish(complete: boolean): BodyOutcome {
    this.#hand();
    return super.finish(complete);
  }

  #hand(): void {
    const whole = this.#whole;
    this.#whole = null;
    if (whole !== null && this.#length > 0) super.push(whole, 0, this.#length);
  }

  #gather(length: number): void {
    const larger = new Uint8Array(Math.max(length, this.#whole!.length * 2));
    larger.set(this.#whole!.subarray(0, this.#length));
    this.#whole = larger;
  }
}
