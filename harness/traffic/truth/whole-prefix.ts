/** Which exchanges of a connection were delivered whole in one direction: all of them up to a number, counted from 1. */
import { aheadMessagesMax } from './limits.ts';

export class WholePrefix {
  #all = 0;
  /** Numbers beyond the first that is missing; those over the capacity are taken for missing. */
  #ahead: number[] | undefined;

  add(number: number): void {
    if (number > this.#all + 1) {
      const ahead = (this.#ahead ??= []);
      if (ahead.length < aheadMessagesMax) ahead.push(number);
    } else if (number === this.#all + 1) {
      this.#all = number;
      while (this.#ahead?.includes(this.#all + 1)) this.#all += 1;
      if (this.#ahead) this.#ahead = this.#ahead.filter((each) => each > this.#all);
    }
  }

  reaches(number: number): boolean {
    return number <= this.#all;
  }
}
