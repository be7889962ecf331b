/** The real assembler, which forgets what waited when a half-stream closes, but not its pages. */

import { pageBytes } from '../../../agent/bounded/page-pool.ts';
import { type AssemblerOptions, Assembler as RealAssembler } from '../../../agent/tcp/assembler.ts';

export * from '../../../agent/tcp/assembler.ts';

export class Assembler extends RealAssembler {
  readonly #waiting: Int32Array;
  readonly #left: Uint8Array[] = [];

  constructor(options: AssemblerOptions) {
    super(options);
    this.#waiting = options.halves.waiting;
  }

  override get pagesInUse(): number {
    return super.pagesInUse + this.#left.length;
  }

  override finish(half: number, tsUs: number): void {
    for (let pages = this.#waiting[half]!; pages > 0; pages--) this.#leavePage();
    super.finish(half, tsUs);
  }

  #leavePage(): void {
    this.#left.push(new Uint8Array(pageBytes).fill(1));
  }
}
