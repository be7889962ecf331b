/**
 * The far end of a pass's channel where there is no preload: the preload's commands, one a line, are done in another way, and answered
 * in the preload's own words. So a pass need not know whom it talks to.
 */
import { Duplex } from 'node:stream';
import type { PreloadLine } from '../preload/options.ts';

export abstract class CommandChannel extends Duplex {
  #rest = '';

  /** What is not known is ignored; what is thrown is reported as an error of the target's. */
  protected abstract command(verb: string, number: number): void | Promise<void>;

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    const lines = (this.#rest + chunk.toString('latin1')).split('\n');
    this.#rest = lines.pop() ?? '';
    this.#commands(lines).then(() => done());
  }

  async #commands(lines: readonly string[]): Promise<void> {
    for (const line of lines) {
      const [verb = '', number] = line.split(' ');
      try {
        await this.command(verb, Number(number));
      } catch (error) {
        this.say({ type: 'error', tMs: nowMs(), message: `${line}: ${(error as Error).message}` });
      }
    }
  }

  protected say(line: PreloadLine): void {
    if (!this.destroyed) this.push(`${JSON.stringify(line)}\n`);
  }
}

/** Milliseconds since the epoch, as the preload says times. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}
