/** Opens what a sender has to send: in its own thread, so by name. */
import { FloodgateError } from '../../agent/errors.ts';
import { CutTraffic } from './cut-traffic.ts';
import type { EditOrder } from './edit/edit-order.ts';
import { EditedTraffic } from './edit/edited-traffic.ts';
import { openFlood } from './flood/flood-traffic.ts';
import { ImpairedTraffic } from './impaired-traffic.ts';
import { LoopedTraffic } from './looped-traffic.ts';
import { MergedTraffic } from './merged-traffic.ts';
import { openRecording } from './recorded-traffic.ts';
import { contentOf, type InputState } from './recording.ts';
import { SpreadTraffic } from './spread-traffic.ts';
import type { Traffic, TrafficOptions } from './traffic.ts';
import type { TrafficOrder } from './traffic-order.ts';

/** As many rounds as have addresses of their own. */
export const loopsMax = 1_000_000;

/**
 * All its rounds, impaired on their way. Messages are counted where the traffic does not know its own, or where
 * impairments leave less of it. @param input of who reads in this thread and must not wait for a pipe @throws FloodgateError `scenario-unreadable`, or what opening the traffic throws.
 */
export async function openTraffic(order: TrafficOrder, input?: InputState): Promise<Traffic> {
  const { end, impair, edit } = order;
  const loops = end ? loopsMax : (order.loops ?? 1);
  const openRound = await openerOf(order, input);
  const open = edit ? () => edited(openRound(), edit) : openRound;
  const first = open();
  const rounds = loops === 1 ? first : new LoopedTraffic(first, open, loops);
  const whole = end ? new CutTraffic(rounds, end) : rounds;
  const source = order.spread ? new SpreadTraffic(whole, order.spread) : whole;
  const countsMessages =
    order.countsMessages === true &&
    (impair !== undefined || edit !== undefined || end !== undefined || order.kind === 'recording');
  if (!impair && !countsMessages) return source;
  try {
    return new ImpairedTraffic({ source, impair, countsMessages });
  } catch (error) {
    source.close();
    throw error;
  }
}

function edited(source: Traffic, edit: EditOrder): Traffic {
  try {
    return new EditedTraffic(source, edit);
  } catch (error) {
    source.close();
    throw error;
  }
}

/** All or none. */
function openAll(paths: readonly string[], input: InputState | undefined): Traffic {
  const opened: Traffic[] = [];
  try {
    for (const path of paths) opened.push(openRecording({ path, input }));
    return new MergedTraffic(opened, input);
  } catch (error) {
    for (const traffic of opened) traffic.close();
    throw error;
  }
}

async function openerOf(order: TrafficOrder, input: InputState | undefined): Promise<() => Traffic> {
  if (order.kind === 'recording') {
    const { path, merge = [] } = order;
    if (merge.length === 0) {
      const content = order.end || (order.loops ?? 1) > 1 ? contentOf(path) : undefined;
      return () => openRecording({ path, input, content });
    }
    return () => openAll([path, ...merge], input);
  }
  if (order.kind === 'flood') return () => openFlood(order.plan, order.options);
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
