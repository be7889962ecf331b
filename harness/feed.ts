/** A link as a pass needs it: there before the target starts, fed once the target reads. */
import type { Sender, SendOrder } from './link/sender.ts';
import type { Target } from './target/target.ts';

export interface Feed {
  /** Interfaces that the target captures from; empty where it reads a pipe. */
  readonly interfaces: readonly string[];
  /** Prepares the sending of an order to a target that is ready for it. */
  open(target: Target, order: SendOrder): Promise<Sender>;
  /** Says "no more" to the reader, where a link can, and waits until everything sent has been taken. */
  finish(): Promise<void>;
  /** Removes the device; safe to call twice. */
  close(): void;
}
