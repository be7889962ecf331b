/** The real layer; each stream listens for pressure. */
import { EventEmitter } from 'node:events';
import { HttpLayer as RealHttpLayer } from '../../../agent/http/http-layer.ts';

export * from '../../../agent/http/http-layer.ts';

export const pressure = new EventEmitter();
pressure.setMaxListeners(0);

const levelsMax = 180;

export class HttpLayer extends RealHttpLayer {
  #shed = 0;

  override open(stream: number, tsUs: number, midStream?: boolean): void {
    this.#watchPressure(tsUs);
    super.open(stream, tsUs, midStream);
  }

  #watchPressure(tsUs: number): void {
    const levels = new Array<number>(levelsMax).fill(tsUs + 0.25);
    pressure.on('level', (level: number) => {
      this.#shed += levels[level % levelsMax]! > 0 ? 1 : 0;
    });
  }
}
