/** Readings of CPU time, and of what the agent counts of itself. Pure. */
import { gaugesOf, highestPages } from '../watch/agent-counters.ts';
import type { RunFigures } from './measured-run.ts';
import { largest } from './memory.ts';
import { notMeasured, per, type Reading, value, valueOr } from './reading.ts';

const notAgent = 'only our agent counts them';

/** By the process itself at its end, where it says so; a look from outside is up to 50 ms old then. */
export function cpu({ measure: { channel, watch } }: RunFigures): Reading {
  const { usage, usageBefore } = watch;
  const insideMs = usageBefore ? undefined : channel.last?.cpuMs;
  const outsideMs =
    usage && usage.userMs + usage.systemMs - (usageBefore ? usageBefore.userMs + usageBefore.systemMs : 0);
  const cpuMs = insideMs ?? outsideMs;
  if (cpuMs === undefined) return notMeasured('its CPU time could not be read');
  return value(cpuMs / 1000);
}

export function cpuPerMegabyte(run: RunFigures): Reading {
  const { measure } = run;
  const bytes = measure.sending ? measure.sending.ledger.link.bytes : (measure.sent.column('bytes').at(-1) ?? 0);
  return per(cpu(run), bytes / 1e6, 'no bytes were counted');
}

export function cpuPerMessage(run: RunFigures): Reading {
  return per(cpu(run), run.messages, 'no messages were counted');
}

export function pages({ measure }: RunFigures): Reading {
  const sampled = largest(gaugesOf(measure.stats, measure.startedAtEpochMs).pages);
  const peak = highestPages(measure.stats);
  if (sampled === null && peak === null) return notMeasured(notAgent);
  return value(Math.max(sampled ?? 0, peak ?? 0));
}

export function streams({ measure }: RunFigures): Reading {
  return valueOr(largest(gaugesOf(measure.stats, measure.startedAtEpochMs).streams), notAgent);
}
