/** Passes on only the frames a filter accepts: what the kernel does for a device, done here for captures. */
import type { CaptureInterface, FrameSink } from './frame-source.ts';

/** Whether a frame passes; `wireLength` is what a filter's `len` means. */
export type FramePredicate = (bytes: Uint8Array, start: number, end: number, wireLength: number) => boolean;

/** A filter expression, made ready for a link type. @throws FloodgateError `filter-invalid` when it cannot be. */
export type FrameFilter = (linkType: number) => FramePredicate;

export class FilterSink implements FrameSink {
  /** Set before each delivery. */
  target: FrameSink | null = null;
  readonly #filter: FrameFilter;
  readonly #described: { readonly interfaces: readonly CaptureInterface[] };
  readonly #byLinkType = new Map<number, FramePredicate>();
  readonly #byInterface: FramePredicate[] = [];
  readonly #refused: number[] = [];

  constructor(filter: FrameFilter, described: { readonly interfaces: readonly CaptureInterface[] }) {
    this.#filter = filter;
    this.#described = described;
  }

  refusedOf(interfaceIndex: number): number {
    return this.#refused[interfaceIndex] ?? 0;
  }

  frame(bytes: Uint8Array, start: number, end: number, wireLength: number, tsUs: number, interfaceIndex: number): void {
    const passes = this.#byInterface[interfaceIndex] ?? this.#prepare(interfaceIndex);
    if (passes(bytes, start, end, wireLength)) {
      this.target!.frame(bytes, start, end, wireLength, tsUs, interfaceIndex);
    } else this.#refused[interfaceIndex] = (this.#refused[interfaceIndex] ?? 0) + 1;
  }

  #prepare(interfaceIndex: number): FramePredicate {
    const linkType = this.#described.interfaces[interfaceIndex]!.linkType;
    let predicate = this.#byLinkType.get(linkType);
    if (predicate === undefined) {
      predicate = this.#filter(linkType);
      this.#byLinkType.set(linkType, predicate);
    }
    this.#byInterface[interfaceIndex] = predicate;
    return predicate;
  }
}
