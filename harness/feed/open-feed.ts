/** The feed of each lane: TAP devices that the agent captures from, or a pipe that it reads. */
import { closeSync } from 'node:fs';
import { FloodgateError } from '../../agent/errors.ts';
import { type OpenTap, openTap } from '../link/tap-device.ts';
import type { Lane } from '../scenario/scenario.ts';
import type { Target } from '../target/target.ts';
import type { Feed } from './feed.ts';
import { openPipeSender } from './pipe-sender.ts';
import type { Sender, SendOrder } from './sender.ts';
import { openTapSender } from './tap-sender.ts';

/** @throws FloodgateError where the lane is not to be had on this machine */
export async function openFeed(lane: Lane, order: SendOrder): Promise<Feed> {
  return lane === 'tap' ? new TapFeed(openTaps(order.traffic.spread?.interfaces ?? 1), order) : new PipeFeed(order);
}

/** All or none: floodgate0 and on. */
function openTaps(count: number): OpenTap[] {
  const taps: OpenTap[] = [];
  try {
    while (taps.length < count) taps.push(openTap({ name: `floodgate${taps.length}` }));
  } catch (error) {
    for (const { fd } of taps) closeSync(fd);
    throw error;
  }
  return taps;
}

class TapFeed implements Feed {
  readonly interfaces: readonly string[];
  readonly #order: SendOrder;
  #taps: readonly OpenTap[];
  #sender: Sender | undefined;

  constructor(taps: readonly OpenTap[], order: SendOrder) {
    this.#taps = taps;
    this.#order = order;
    this.interfaces = taps.map(({ name }) => name);
  }

  async open(_target: Target): Promise<Sender> {
    const sender = await openTapSender(this.#taps, this.#order);
    this.#sender = sender;
    return sender;
  }

  /** What was written is in the kernel's hands; the agent's own counters say how much of it the agent took. */
  finish(): Promise<void> {
    return Promise.resolve();
  }

  async close(): Promise<void> {
    const taps = this.#taps;
    this.#taps = [];
    this.#sender?.stop();
    // The thread writes to these descriptors until it has ended.
    await this.#sender?.done.catch(() => {});
    for (const { fd } of taps) closeSync(fd);
  }
}

class PipeFeed implements Feed {
  readonly interfaces: readonly string[] = [];
  readonly #order: SendOrder;
  #target: Target | undefined;
  #sender: Sender | undefined;

  constructor(order: SendOrder) {
    this.#order = order;
  }

  async open(target: Target): Promise<Sender> {
    if (!target.input) {
      throw new FloodgateError('input-missing', `${target.name} reads no frames from a pipe`, {
        hint: 'Use --lane tap.',
      });
    }
    this.#target = target;
    const sender = await openPipeSender(target.input, this.#order);
    this.#sender = sender;
    return sender;
  }

  /** The agent ends by itself once its input has ended and everything is read. */
  async finish(): Promise<void> {
    this.#target?.input?.end();
    await this.#target?.exited;
  }

  async close(): Promise<void> {
    this.#sender?.stop();
    await this.#sender?.done.catch(() => {});
  }
}
