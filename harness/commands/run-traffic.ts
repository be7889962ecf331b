/** The traffic of a run: what the options make of it, where its schedule is left, where standard input is kept. */
import { createWriteStream, rmSync } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { FloodgateError } from '../../agent/errors.ts';
import { frameBytesMax } from '../link/tap-device.ts';
import { isHar } from '../requests/har-requests.ts';
import type { Lane } from '../scenario/scenario.ts';
import type { ImpairOrder } from '../traffic/impaired-traffic.ts';
import type { TrafficEnd } from '../traffic/rate-profile.ts';
import { probeRecording } from '../traffic/recorded-traffic.ts';
import type { TrafficOrder } from '../traffic/traffic-order.ts';
import { asOutputError } from './report-folder.ts';
import { type SpreadFlags, withSpread } from './spread-flags.ts';
import { editOrderOf, impairOrderOf, scheduleName, type TrafficFlags } from './traffic-flags.ts';

interface Asked {
  readonly seed: number;
  /** As typed. */
  readonly loops: number | undefined;
  /** Of a profile of rates. */
  readonly end: TrafficEnd | undefined;
  readonly lane: Lane;
}

/** @param order undefined where a load drives the target @throws FloodgateError `option-invalid` */
export function orderedTraffic(
  flags: TrafficFlags & SpreadFlags,
  order: TrafficOrder | undefined,
  { seed, loops, end, lane }: Asked,
): TrafficOrder | undefined {
  const impair = withImpairments(order?.impair, impairOrderOf(flags, seed));
  const asked = editOrderOf(flags);
  if (!order) {
    if (!impair && !asked && !flags.merge && !flags.interfaces) return undefined;
    throw new FloodgateError(
      'option-invalid',
      'there are no frames to edit, impair or spread: a load drives the target',
      {
        hint: 'Leave these options out, or name a scenario or a capture file.',
      },
    );
  }
  const merge = (flags.merge ?? []).map((file) => path.resolve(file));
  if (merge.length > 0 && order.kind !== 'recording') {
    throw new FloodgateError('option-invalid', '--merge is for captures, and a scenario is none', {
      hint: 'Name a capture file in place of the scenario.',
    });
  }
  for (const file of merge) probeRecording(file);
  // A host with offload hands its card frames that no device takes.
  const edit = order.kind === 'recording' && lane === 'tap' ? { ...asked, deviceBytes: frameBytesMax } : asked;
  const whole = { ...order, ...(merge.length > 0 && { merge }), loops: loops ?? order.loops ?? 1, end, edit, impair };
  return withSpread(whole, flags);
}

/** A scenario's own impairments, then those that were asked for; a schedule names all of its own. */
export function withImpairments(own: ImpairOrder | undefined, asked: ImpairOrder | undefined): ImpairOrder | undefined {
  if (!own || !asked || asked.replayFile !== undefined) return asked ?? own;
  return { ...own, ...asked, impairments: [...own.impairments, ...asked.impairments] };
}

/** Counts messages, and leaves behind what was done to which frame. */
export function measuredOrder(traffic: TrafficOrder, folder: string): TrafficOrder {
  const impair = traffic.impair && { ...traffic.impair, scheduleFile: path.join(folder, scheduleName) };
  return { ...traffic, impair, countsMessages: true };
}

/** Which files, so that `floodgate slice` finds them again. */
export function recordingWords(order: TrafficOrder): Record<string, string> {
  if (order.kind !== 'recording') return {};
  return { recording: order.path, ...(order.merge && { merge: order.merge.join(', ') }) };
}

interface WithTraffic {
  readonly traffic: TrafficOrder | undefined;
  readonly optionWords: Readonly<Record<string, string>>;
}

/** Standard input as a file of the report: each pass reads it anew. @throws FloodgateError */
export async function spooled(
  { traffic, optionWords }: WithTraffic,
  folder: string,
  signal: AbortSignal,
): Promise<WithTraffic> {
  const file = path.join(folder, 'input.capture');
  try {
    await copyInput(file, signal);
    probeRecording(file);
  } catch (error) {
    const refusal = isHar(file) ? harOnInput() : error;
    rmSync(file, { force: true });
    if (!(refusal instanceof FloodgateError)) throw refusal;
    const { code, message, hint, exitCode } = refusal;
    throw new FloodgateError(code, message.replace(file, 'standard input'), { hint, exitCode });
  }
  const order = { ...(traffic as TrafficOrder & { kind: 'recording' }), path: file };
  return { traffic: order, optionWords: { ...optionWords, ...recordingWords(order) } };
}

const harOnInput = (): FloodgateError =>
  new FloodgateError('capture-unknown-format', 'standard input is a HAR file, and no capture', {
    hint: 'Give it by its name: run FILE.har --requests --target COMMAND',
  });

async function copyInput(file: string, signal: AbortSignal): Promise<void> {
  try {
    await pipeline(process.stdin, createWriteStream(file), { signal });
  } catch (error) {
    if (!signal.aborted) throw asOutputError(path.dirname(file), error);
    throw new FloodgateError('interrupted', 'interrupted while standard input was read', { hint: '', exitCode: 3 });
  }
}
