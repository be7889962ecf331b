/** What can happen to a frame between the host that sent it and the observer: plain data, so that a schedule can be stored and sent to a thread. */

/** Fractions are of frames, 0 to 1. They apply in the order of the stack. */
export type Impairment =
  /** Capture-side loss: the other host got the frame and acknowledged it, only the observer missed it. */
  | { readonly kind: 'loss'; readonly fraction: number }
  /** Gilbert–Elliott: chance per frame to enter and leave the bad state, and of loss in each state. */
  | {
      readonly kind: 'burst-loss';
      readonly enterBad: number;
      readonly leaveBad: number;
      readonly lossGood: number;
      readonly lossBad: number;
    }
  /** Frames are delayed by 1 to `placesMax` places. */
  | { readonly kind: 'reorder'; readonly fraction: number; readonly placesMax: number }
  /** A second copy arrives up to `placesMax` places later. */
  | { readonly kind: 'duplicate'; readonly fraction: number; readonly placesMax?: number }
  /** Cut to `bytesMax`, as a snap length does. */
  | { readonly kind: 'truncate'; readonly fraction: number; readonly bytesMax: number }
  /** One bit of the frame flips. */
  | { readonly kind: 'corrupt'; readonly fraction: number }
  /** Timestamps move later by up to `jitterUs` (uniform); the order stays. */
  | { readonly kind: 'jitter'; readonly jitterUs: number }
  /** No more than this rate: frames wait, timestamps move later, the order stays. */
  | { readonly kind: 'rate'; readonly megabitsPerSecond: number };

/** "2 % of frames by up to 50 places". */
export function describeImpairment(impairment: Impairment): string {
  const percent = (fraction: number) => `${Number((fraction * 100).toPrecision(3))} %`;
  switch (impairment.kind) {
    case 'loss':
      return `${percent(impairment.fraction)} of frames never captured`;
    case 'burst-loss':
      return (
        `frames lost in bursts: ${percent(impairment.lossBad)} while bad, ${percent(impairment.lossGood)} while good ` +
        `(enters ${percent(impairment.enterBad)}, leaves ${percent(impairment.leaveBad)})`
      );
    case 'reorder':
      return `${percent(impairment.fraction)} of frames late by up to ${impairment.placesMax} places`;
    case 'duplicate':
      return `${percent(impairment.fraction)} of frames captured twice, up to ${impairment.placesMax ?? 5} places apart`;
    case 'truncate':
      return `${percent(impairment.fraction)} of frames cut to ${impairment.bytesMax} bytes`;
    case 'corrupt':
      return `one bit flipped in ${percent(impairment.fraction)} of frames`;
    case 'jitter':
      return `times moved later by up to ${impairment.jitterUs} µs`;
    case 'rate':
      return `no more than ${impairment.megabitsPerSecond} Mbit/s`;
  }
}
