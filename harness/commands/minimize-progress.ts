/** What a long search shows while it runs: one line that is redrawn at a terminal, a line now and then elsewhere. */
import { createLogUpdate } from 'log-update';
import { formatBytes, formatCount, formatDuration, printable } from '../../reports/format.ts';
import type { MinimizeStep } from '../minimize/minimize.ts';

const plainEveryMs = 10_000;

export interface MinimizeProgress {
  step(step: MinimizeStep): void;
  say(text: string): void;
  clear(): void;
}

export function createMinimizeProgress(stream: NodeJS.WriteStream): MinimizeProgress {
  const live = stream.isTTY && !process.env.CI && process.env.TERM !== 'dumb' ? createLogUpdate(stream) : undefined;
  let bytes = Number.POSITIVE_INFINITY;
  let saidMs = Number.NEGATIVE_INFINITY;
  return {
    step(step) {
      const line = sentence(step);
      if (live) {
        live(line);
        return;
      }
      const now = performance.now();
      if (step.bytes >= bytes && now - saidMs < plainEveryMs) return;
      bytes = step.bytes;
      saidMs = now;
      stream.write(`${line}\n`);
    },
    say(text) {
      live?.clear();
      stream.write(`${text}\n`);
    },
    clear() {
      live?.clear();
    },
  };
}

function sentence({ level, bytes, wholeBytes, trials, spentMs, leftMs, words }: MinimizeStep): string {
  const time = `${formatDuration(spentMs)}, at most ${formatDuration(leftMs)} left`;
  return printable(
    `${level}: ${formatBytes(bytes)} of ${formatBytes(wholeBytes)}, trial ${formatCount(trials)}: ${words}; ${time}`,
  );
}
