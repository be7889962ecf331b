/** How fast the traffic is sent, as the command line says it. */
import { FloodgateError } from '../../agent/errors.ts';
import { parseProfile, profileText } from '../traffic/parse-profile.ts';
import type { Pace } from '../traffic/traffic.ts';

/** What the command line says about pace: at most one of the five. */
export interface PaceFlags {
  /** "4x", "4", "0.5x". */
  readonly speed?: string | undefined;
  readonly pps?: string | undefined;
  readonly mbps?: string | undefined;
  readonly profile?: string | undefined;
  readonly topspeed?: boolean | undefined;
}

/**
 * The pace asked for; undefined when nothing was.
 * @throws FloodgateError `pace-invalid`.
 */
export function parsePace(flags: PaceFlags): Pace | undefined {
  const { speed, pps, mbps, profile } = flags;
  const given = [speed, pps, mbps, profile, flags.topspeed || undefined].filter((flag) => flag !== undefined);
  if (given.length > 1) {
    throw new FloodgateError('pace-invalid', '--speed, --pps, --mbps, --profile and --topspeed exclude each other', {
      hint: 'Give one of them.',
    });
  }
  if (flags.topspeed) return { kind: 'topspeed' };
  if (profile !== undefined) return { kind: 'profile', ...parseProfile(profile) };
  if (speed !== undefined) return { kind: 'recorded', speed: positive('--speed', speed) };
  if (pps !== undefined) return { kind: 'frames', framesPerSecond: positive('--pps', pps) };
  return mbps === undefined ? undefined : { kind: 'bits', megabitsPerSecond: positive('--mbps', mbps) };
}

/** More than any device takes; `--topspeed` has no rate at all. */
const rateMax = 1e9;

const examples = { '--speed': '4x', '--pps': '50000', '--mbps': '600' } as const;

function positive(flag: keyof typeof examples, text: string): number {
  const digits = (flag === '--speed' ? /^(.*?)x?$/i : /^(.*)$/).exec(text.trim())?.[1] ?? '';
  const value = /^(\d+(\.\d+)?|\.\d+)$/.test(digits) ? Number(digits) : Number.NaN;
  if (value > 0 && value <= rateMax) return value;
  throw new FloodgateError(
    'pace-invalid',
    `${flag}: "${text}" is not a number above 0${value > 0 ? ` up to ${rateMax}` : ''}`,
    {
      hint: `Example: ${flag} ${examples[flag]}.`,
    },
  );
}

/** The options of `floodgate run` that send at this pace. */
export function paceFlags(pace: Pace): string[] {
  switch (pace.kind) {
    case 'recorded':
      return ['--speed', `${pace.speed}x`];
    case 'frames':
      return ['--pps', String(pace.framesPerSecond)];
    case 'bits':
      return ['--mbps', String(pace.megabitsPerSecond)];
    case 'profile':
      return ['--profile', profileText(pace)];
    case 'topspeed':
      return ['--topspeed'];
  }
}
