/** The feed of each lane: a TAP device that the agent captures from, or a pipe that it reads. */
import { closeSync } from 'node:fs';
import { FloodgateError } from '../agent/errors.ts';
import type { Feed } from './feed.ts';
import type { Sender, SendOrder } from './link/sender.ts';
import { type OpenTap, openTap } from './link/tap-device.ts';
import { openTapSender } from './link/tap-sender.ts';
import type { Lane } from './scenario.ts';
import type { Target } from './target/target.ts';

/** @throws FloodgateError where the lane is not to be had on this machine */
export async function openFeed(lane: Lane, order: SendOrder): Promise<Feed> {
  if (lane === 'tap') return new TapFeed(openTap(), order);
  throw new FloodgateError('NO_LANE', 'the exact lane cannot be run yet', { hint: 'Use --lane tap.' });
}

class TapFeed implements Feed {
  readonly interfaces: readonly string[];
  readonly #order: SendOrder;
  #tap: OpenTap | undefined;
  #sender: Sender | undefined;

  constructor(tap: OpenTap, order: SendOrder) {
    this.#tap = tap;
    this.#order = order;
    this.interfaces = [tap.name];
  }

  async open(_target: Target): Promise<Sender> {
    const sender = await openTapSender(this.#tap!, this.#order);
    this.#sender = sender;
    return sender;
  }

  /** What was written is in the kernel's hands; how much of it the agent took is for its own counters to tell. */
  finish(): Promise<void> {
    return Promise.resolve();
  }

  async close(): Promise<void> {
    const tap = this.#tap;
    this.#tap = undefined;
    this.#sender?.stop();
    // The thread writes to this descriptor until it has ended.
    await this.#sender?.done.catch(() => {});
    if (tap) closeSync(tap.fd);
  }
}
