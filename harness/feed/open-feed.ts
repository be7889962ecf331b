/** The feed of each lane: a TAP device that the agent captures from, or a pipe that it reads. */
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
  return lane === 'tap' ? new TapFeed(openTap(), order) : new PipeFeed(order);
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

  /** What was written is in the kernel's hands; the agent's own counters say how much of it the agent took. */
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
