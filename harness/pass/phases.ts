/** Follows the phases of the traffic, for the peak of memory and the CPU profile of each. */
import type { Phase } from '../traffic/traffic.ts';

export class Phases {
  readonly #phases: readonly Phase[];
  readonly #begin: (name: string) => void;
  #next = 0;

  /**
   * @param before name of what comes before the first frame: begins now
   * @param begin called when a phase begins
   */
  constructor(before: string, phases: readonly Phase[], begin: (name: string) => void) {
    this.#phases = phases;
    this.#begin = begin;
    begin(before);
  }

  /** @param trafficUs of the last frame that was sent, on the packets' own clock */
  at(trafficUs: number): void {
    for (;;) {
      const phase = this.#phases[this.#next];
      if (!phase || trafficUs < phase.startUs) return;
      this.#next++;
      this.#begin(phase.name);
    }
  }
}
