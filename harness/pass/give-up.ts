/** When a pass is ended before its traffic is: its target takes no more of it, or takes nearly all memory that there is. */

import { totalmem } from 'node:os';
import { constrainedMemory } from 'node:process';
import type { GivenUp } from '../target/target.ts';

export interface GiveUpRules {
  /** A target that reads in step and has taken no frame for so long hangs. */
  readonly stallMs: number;
  /** Resident memory of the target, in bytes. */
  readonly memoryBytesMax: number;
}

/** A full pipe is forty full-sized frames: beside fifty other processes an agent takes them within seconds. */
const stallMs = 180_000;
/** The rest is the harness's, and the kernel's: it ends what it likes once nothing is left, and not what took it. */
const memoryShareMax = 0.9;

/** Of this machine, or of the control group that we are in. */
export function usualGiveUpRules(): GiveUpRules {
  const limit = constrainedMemory();
  const bytes = limit > 0 ? Math.min(limit, totalmem()) : totalmem();
  return { stallMs, memoryBytesMax: memoryShareMax * bytes };
}

export interface GiveUpReading {
  readonly nowMs: number;
  readonly framesSent: number;
  readonly rssBytes: number;
  /** The target has something else to do than to take frames: an instrument is in use. */
  readonly isBusy: boolean;
}

export class GiveUp {
  readonly #rules: GiveUpRules;
  readonly #readsInStep: boolean;
  #framesSent = -1;
  #movedAtMs = 0;

  constructor(rules: GiveUpRules, readsInStep: boolean) {
    this.#rules = rules;
    this.#readsInStep = readsInStep;
  }

  /** @returns why the pass is to end; undefined where it goes on */
  look({ nowMs, framesSent, rssBytes, isBusy }: GiveUpReading): GivenUp | undefined {
    if (framesSent !== this.#framesSent || isBusy) this.#movedAtMs = nowMs;
    this.#framesSent = framesSent;
    if (rssBytes >= this.#rules.memoryBytesMax) return { why: 'memory', rssBytes };
    const stalledMs = nowMs - this.#movedAtMs;
    if (this.#readsInStep && stalledMs >= this.#rules.stallMs) return { why: 'stalled', stalledMs };
    return undefined;
  }
}
