/** Readings of CPU time, and of what the agent counts of itself. Pure. */
import { gaugesOf, highestPages } from '../watch/agent-counters.ts';
import { perMessage, type RunFigures } from './measured-run.ts';
import { largest } from './memory.ts';
import { between, notMeasured, per, type Reading, value, valueOr } from './reading.ts';

/** User and system time are each rounded down to a tick; of more than a second that is less than 2 %. */
const tickMs = 10;
const exactFromMs = 1_000;
const notAgent = 'only our agent counts them';

/** By the process itself at its end, where it says so; a look from outside is up to 50 ms old then. */
export function cpu({ measure: { channel, watch } }: RunFigures): Reading {
  const { usage, usageBefore } = watch;
  const insideMs = usageBefore ? undefined : channel.last?.cpuMs;
  const outsideMs =
    usage && usage.userMs + usage.systemMs - (usageBefore ? usageBefore.userMs + usageBefore.systemMs : 0);
  if (insideMs !== undefined) return value(insideMs / 1000);
  if (outsideMs === undefined) return notMeasured('its CPU time could not be read');
  if (outsideMs >= exactFromMs) return value(outsideMs / 1000);
  return between(outsideMs / 1000, (outsideMs + 2 * tickMs) / 1000, 'the kernel counts CPU time in ticks of 10 ms');
}

export function cpuPerMegabyte(run: RunFigures): Reading {
  const { measure } = run;
  const bytes = measure.sending ? measure.sending.ledger.link.bytes : (measure.sent.column('bytes').at(-1) ?? 0);
  return per(cpu(run), bytes / 1e6, 'no bytes were counted');
}

export function cpuPerMessage(run: RunFigures): Reading {
  return perMessage(cpu(run), run);
}

export function pages({ measure }: RunFigures): Reading {
  const { pages } = gaugesOf(measure.stats, measure.startedAtEpochMs);
  return valueOr(largest([...pages, highestPages(measure.stats)]), notAgent);
}

export function streams({ measure }: RunFigures): Reading {
  return valueOr(largest(gaugesOf(measure.stats, measure.startedAtEpochMs).streams), notAgent);
}
