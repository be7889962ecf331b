/** What a long search shows while it runs: one line that is redrawn at a terminal, a line now and then elsewhere. */
import { createLogUpdate } from 'log-update';
import { formatBytes, formatCount, formatDuration, printable } from '../../reports/format.ts';
import type { MinimizeStep } from '../minimize/minimize.ts';
import { isLive } from './progress.ts';

const plainEveryMs = 10_000;

export interface SearchProgress {
  /** @param isNews whether it is worth a line where lines stay */
  line(text: string, isNews: boolean): void;
  say(text: string): void;
  clear(): void;
}

export function createSearchProgress(stream: NodeJS.WriteStream): SearchProgress {
  const live = isLive(stream) ? createLogUpdate(stream) : undefined;
  let saidMs = Number.NEGATIVE_INFINITY;
  return {
    line(text, isNews) {
      if (live) {
        live(text);
        return;
      }
      const now = performance.now();
      if (!isNews && now - saidMs < plainEveryMs) return;
      saidMs = now;
      stream.write(`${text}\n`);
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

/** Each trial of a minimization; news is what is smaller than before. */
export function minimizeSteps(progress: SearchProgress): (step: MinimizeStep) => void {
  let bytes = Number.POSITIVE_INFINITY;
  return (step) => {
    progress.line(sentence(step), step.bytes < bytes);
    bytes = Math.min(bytes, step.bytes);
  };
}

function sentence({ level, bytes, wholeBytes, trials, spentMs, leftMs, words }: MinimizeStep): string {
  const left = Number.isFinite(leftMs) ? `, at most ${formatDuration(leftMs)} left` : '';
  const time = `${formatDuration(spentMs)}${left}`;
  return printable(
    `${level}: ${formatBytes(bytes)} of ${formatBytes(wholeBytes)}, trial ${formatCount(trials)}: ${words}; ${time}`,
  );
}
