/** When each frame is due, from its recorded time, its place or the bytes before it. Pure. */
import assert from 'node:assert';
import { FloodgateError } from '../../agent/errors.ts';
import type { Pace } from '../scenario/scenario.ts';

/**
 * When a frame is due, in microseconds after the first.
 * @param trafficUs its own time after the first frame's; @param framesBefore and @param bytesBefore what was sent
 * before it.
 */
export type Schedule = (trafficUs: number, framesBefore: number, bytesBefore: number) => number;

/** The schedule of a pace. */
export function scheduleOf(pace: Pace): Schedule {
  switch (pace.kind) {
    case 'recorded': {
      const { speed } = pace;
      assert(speed > 0);
      return (trafficUs) => trafficUs / speed;
    }
    case 'frames': {
      const frameUs = 1e6 / pace.framesPerSecond;
      return (_trafficUs, framesBefore) => framesBefore * frameUs;
    }
    case 'bits': {
      const byteUs = 8 / pace.megabitsPerSecond;
      return (_trafficUs, _framesBefore, bytesBefore) => bytesBefore * byteUs;
    }
    case 'topspeed':
      return () => 0;
  }
}

/** What the command line says about pace: at most one of the four. */
export interface PaceFlags {
  /** "4x", "4", "0.5x". */
  readonly speed?: string | undefined;
  readonly pps?: string | undefined;
  readonly mbps?: string | undefined;
  readonly topspeed?: boolean | undefined;
}

/**
 * The pace asked for; undefined when nothing was.
 * @throws FloodgateError `pace-invalid`.
 */
export function parsePace(flags: PaceFlags): Pace | undefined {
  const given = [flags.speed, flags.pps, flags.mbps, flags.topspeed || undefined].filter((flag) => flag !== undefined);
  if (given.length > 1) {
    throw new FloodgateError('pace-invalid', '--speed, --pps, --mbps and --topspeed exclude each other', {
      hint: 'give one of them',
    });
  }
  if (flags.topspeed) return { kind: 'topspeed' };
  if (flags.speed !== undefined) {
    return { kind: 'recorded', speed: positive('--speed', flags.speed.replace(/x$/i, ''), 'e.g. --speed 4x') };
  }
  if (flags.pps !== undefined) {
    return { kind: 'frames', framesPerSecond: positive('--pps', flags.pps, 'frames a second, e.g. --pps 50000') };
  }
  if (flags.mbps !== undefined) {
    return { kind: 'bits', megabitsPerSecond: positive('--mbps', flags.mbps, 'megabits a second, e.g. --mbps 600') };
  }
  return undefined;
}

function positive(flag: string, text: string, hint: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value;
  throw new FloodgateError('pace-invalid', `${flag} wants a number above zero, not "${text}"`, { hint });
}
