/** Any traffic with its frames edited, in constant memory. */
import type { FrameSink } from '../../../agent/capture/frame-source.ts';
import type { ImpairmentRecord, Phase, Traffic } from '../traffic.ts';
import { AddressStage } from './addresses.ts';
import type { EditOrder } from './edit-order.ts';
import type { EditStage } from './edit-stage.ts';
import { ChecksumStage, MtuStage, SnapStage, VlanStage } from './frames.ts';
import { FilterStage, LimitStage, TimeWindow } from './selection.ts';

/** Ethernet, with two tags, in front of an IP packet. */
const linkBytesMax = 22;

export class EditedTraffic implements Traffic, FrameSink {
  readonly linkType: number;
  readonly framesExpected = undefined;
  readonly bytesExpected = undefined;
  readonly durationUs = undefined;
  readonly phases: readonly Phase[];
  readonly #source: Traffic;
  readonly #stages: EditStage[] = [];
  readonly #first: FrameSink;
  #target: FrameSink | undefined;
  #delivered = 0;

  /** @throws FloodgateError for a filter that is not valid */
  constructor(source: Traffic, order: EditOrder) {
    this.#source = source;
    this.linkType = source.linkType;
    this.phases = source.phases;
    this.#first = this.#stack(order);
  }

  get impairments(): readonly ImpairmentRecord[] {
    const edits = this.#stages
      .filter((stage) => stage.frames > 0 || (stage instanceof MtuStage && stage.left > 0))
      .map(({ description, frames }) => ({ kind: 'edit', description, frames }));
    const left = this.#stages
      .filter((stage) => stage instanceof AddressStage)
      .flatMap((stage) => [...stage.left])
      .map(([kind, frames]) => ({
        kind: 'edit',
        description: `${kind}: MAC addresses of --mac are still inside`,
        frames,
      }));
    return [...this.#source.impairments, ...edits, ...left];
  }

  read(sink: FrameSink, framesMax: number): number {
    this.#target = sink;
    const before = this.#delivered;
    if (this.#stages.some((stage) => stage.hasEnded)) return -1;
    if (this.#source.read(this.#first, framesMax) < 0) return -1;
    return this.#delivered - before;
  }

  /** The end of the stack. */
  frame(bytes: Uint8Array, start: number, end: number, wireLength: number, tsUs: number, interfaceIndex: number): void {
    this.#delivered += 1;
    this.#target!.frame(bytes, start, end, wireLength, tsUs, interfaceIndex);
  }

  /** What was known of the frames as they were is true no more. */
  truth(): undefined {
    return undefined;
  }

  close(): void {
    this.#source.close();
  }

  /** From the last to the first. */
  #stack(order: EditOrder): FrameSink {
    const { from, to, filter, limit, map, ports, macs, vlan, mtu, deviceBytes, fixesChecksums, snap } = order;
    let next: FrameSink = this;
    const add = (stage: EditStage) => {
      this.#stages.unshift(stage);
      next = stage;
    };
    if (snap !== undefined) add(new SnapStage(snap, next));
    if (fixesChecksums) add(new ChecksumStage(next));
    if (deviceBytes !== undefined) add(new MtuStage(deviceBytes - linkBytesMax, deviceBytes, next));
    if (mtu !== undefined) add(new MtuStage(mtu, 0, next));
    if (vlan !== undefined) add(new VlanStage(vlan, next));
    if (map?.length || ports?.length || macs?.length) add(new AddressStage(order, next));
    if (limit !== undefined) add(new LimitStage(limit, next));
    if (filter !== undefined) add(new FilterStage(filter, next));
    if (from || to) add(new TimeWindow(from, to, next));
    return next;
  }
}
