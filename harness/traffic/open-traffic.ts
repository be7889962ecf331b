/** Opens what a sender has to send: in its own thread, so by name. */
import { FloodgateError } from '../../agent/errors.ts';
import { LoopedTraffic } from './looped-traffic.ts';
import { openRecording } from './recorded-traffic.ts';
import type { Traffic, TrafficOptions } from './traffic.ts';
import type { TrafficOrder } from './traffic-order.ts';

/** All its rounds. @throws FloodgateError `scenario-unreadable`, or what opening the traffic throws. */
export async function openTraffic(order: TrafficOrder): Promise<Traffic> {
  const open = await openerOf(order);
  const first = await open();
  const { loops = 1 } = order;
  return loops === 1 ? first : new LoopedTraffic(first, open, loops);
}

async function openerOf(order: TrafficOrder): Promise<() => Traffic> {
  if (order.kind === 'recording') {
    const { path, seed, impairments } = order;
    return () => openRecording({ path, seed, impairments });
  }
  const scenario = await loadSource(order.moduleUrl);
  return () => scenario.open(order.options);
}

/** A scenario, as far as traffic is made of it. */
interface TrafficSource {
  open(options: TrafficOptions): Traffic;
}

/** The `scenario` that a module exports. @throws FloodgateError `scenario-unreadable`. */
async function loadSource(moduleUrl: string): Promise<TrafficSource> {
  const hint = 'a scenario is a module with `export const scenario = defineScenario({ … })`';
  let loaded: { scenario?: TrafficSource };
  try {
    loaded = await import(moduleUrl);
  } catch (cause) {
    const { message } = cause as Error;
    throw new FloodgateError('scenario-unreadable', `cannot load ${moduleUrl}: ${message}`, { hint, cause });
  }
  if (typeof loaded.scenario?.open !== 'function') {
    throw new FloodgateError('scenario-unreadable', `${moduleUrl} exports no scenario`, { hint });
  }
  return loaded.scenario;
}
