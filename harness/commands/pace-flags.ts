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

const examples = { '--speed': '4x', '--pps': '50000', '--mbps': '600' } as const;

function positive(flag: keyof typeof examples, text: string): number {
  const value = Number(text.replace(/x$/i, ''));
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value;
  throw new FloodgateError('pace-invalid', `${flag}: "${text}" is not a number above 0`, {
    hint: `Example: ${flag} ${examples[flag]}.`,
  });
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
