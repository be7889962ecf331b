/** Rate profiles as people write them: `ramp=10kpps..200kpps/30s,step=200kpps/1min`. Pure. */
import { FloodgateError } from '../../agent/errors.ts';
import { didYouMean } from '../../agent/nearest-name.ts';
import { secondsOf, timeUnitPattern } from '../../reports/time-units.ts';
import {
  type ProfilePart,
  partSeconds,
  pieceCount,
  piecesMax,
  type RateProfile,
  type RateUnit,
} from './rate-profile.ts';

type Factors = Readonly<Record<string, readonly [RateUnit, number]>>;

/** What may stand behind a rate; bits in megabits a second. */
const rates: Factors = {
  pps: ['frames', 1],
  kpps: ['frames', 1e3],
  mpps: ['frames', 1e6],
  kbps: ['bits', 1e-3],
  kbit: ['bits', 1e-3],
  mbps: ['bits', 1],
  mbit: ['bits', 1],
  gbps: ['bits', 1e3],
  gbit: ['bits', 1e3],
  x: ['speed', 1],
};
const timePattern = new RegExp(`^(\\d+(?:\\.\\d+)?|\\.\\d+)(${timeUnitPattern})$`, 'i');
/** A day. */
const secondsMax = 86_400;

/** One row a kind of part: what is written, and an example. */
export const profileKinds = [
  { name: 'step', syntax: 'step=RATE/TIME', example: 'step=50kpps/10s', help: 'one rate' },
  {
    name: 'ramp',
    syntax: 'ramp=FROM..TO/TIME',
    example: 'ramp=10kpps..200kpps/30s',
    help: 'from one rate to another, in a straight line',
  },
  {
    name: 'sine',
    syntax: 'sine=LOW..HIGH/PERIOD/TIME',
    example: 'sine=100mbps..800mbps/10s/1min',
    help: 'up and down, from the lowest rate on',
  },
  {
    name: 'bursts',
    syntax: 'bursts=RATE/ON/OFF/COUNT',
    example: 'bursts=200kpps/50ms/950ms/30',
    help: 'so many bursts of a length, and silence after each',
  },
] as const;

/** @param option as it is named in messages @throws FloodgateError `profile-invalid` that says what is wrong and what is wanted */
export function parseProfile(text: string, option = '--profile'): RateProfile {
  const words = text.split(',').map((word) => word.trim());
  let unit: RateUnit | undefined;
  const rate = (word: string, part: string): number => {
    const [given, value] = parseRate(word, `${option} ${part}`);
    if (unit !== undefined && given !== unit) {
      throw invalid(
        `${option} ${part}: "${word}" is of another kind than the rates before it`,
        'Keep to one of pps, Mbps and x.',
      );
    }
    unit = given;
    return value;
  };
  const parts = words.map((word) => parsePart(word, option, rate));
  const profile: RateProfile = { unit: unit!, parts };
  if (parts.reduce((sum, part) => sum + partSeconds(part), 0) > secondsMax) {
    throw invalid(`${option}: the profile is longer than a day`, 'Shorten it.');
  }
  if (parts.reduce((sum, part) => sum + pieceCount(part), 0) > piecesMax) {
    throw invalid(
      `${option}: the profile changes its rate more than ${piecesMax} times`,
      'Use fewer bursts, or a longer period.',
    );
  }
  if (parts.every(isSilent)) throw invalid(`${option}: the profile sends nothing`, 'Give a rate above 0.');
  return profile;
}

function isSilent(part: ProfilePart): boolean {
  if (part.kind === 'ramp') return part.from + part.to === 0;
  return (part.kind === 'sine' ? part.high : part.rate) === 0;
}

type RateOf = (word: string, part: string) => number;

function parsePart(word: string, option: string, rate: RateOf): ProfilePart {
  const [, name = '', rest = ''] = /^([a-z-]*)=?(.*)$/i.exec(word) ?? [];
  const kind = profileKinds.find((each) => each.name === name);
  if (!kind || rest === '') {
    const names = profileKinds.map((each) => each.name);
    const hint = kind
      ? `Write ${kind.syntax}, for example ${kind.example}.`
      : `${didYouMean(name, names)}Write one of ${profileKinds.map(({ syntax }) => syntax).join(', ')}.`;
    throw invalid(`${option}: "${word}" is no part of a profile`, hint);
  }
  const values = rest.split('/');
  const expected = kind.syntax.split('/').length;
  if (values.length !== expected) {
    throw invalid(
      `${option} ${name}: ${values.length} values instead of ${expected}`,
      `Write ${kind.syntax}, for example ${kind.example}.`,
    );
  }
  const seconds = (at: number) => parseSeconds(values[at]!, `${option} ${name}`);
  const range = () => {
    const ends = values[0]!.split('..');
    if (ends.length === 2) return ends.map((end) => rate(end, name)) as [number, number];
    throw invalid(
      `${option} ${name}: "${values[0]}" is no range of rates`,
      `Write ${kind.syntax}, for example ${kind.example}.`,
    );
  };
  switch (kind.name) {
    case 'step':
      return { kind: 'step', rate: rate(values[0]!, name), seconds: seconds(1) };
    case 'ramp': {
      const [from, to] = range();
      return { kind: 'ramp', from, to, seconds: seconds(1) };
    }
    case 'sine': {
      const [low, high] = range();
      if (low > high)
        throw invalid(`${option} sine: "${values[0]}" ends below its start`, 'The lowest rate stands first.');
      return { kind: 'sine', low, high, periodSeconds: seconds(1), seconds: seconds(2) };
    }
    case 'bursts':
      return {
        kind: 'bursts',
        rate: rate(values[0]!, name),
        onSeconds: seconds(1),
        offSeconds: seconds(2),
        count: parseCount(values[3]!, `${option} ${name}`),
      };
  }
}

function parseRate(text: string, where: string): [RateUnit, number] {
  const match = /^(\d+(?:\.\d+)?|\.\d+)([a-z]+)$/i.exec(text.trim());
  const found = match && Object.hasOwn(rates, match[2]!.toLowerCase()) ? rates[match[2]!.toLowerCase()] : undefined;
  if (!match || !found) throw invalid(`${where}: "${text}" is no rate`, 'Write for example 50kpps, 300mbps or 4x.');
  return [found[0], Number(match[1]) * found[1]];
}

function parseSeconds(text: string, where: string): number {
  const match = timePattern.exec(text.trim());
  const value = match ? Number(match[1]) * secondsOf[match[2]!.toLowerCase()]! : 0;
  if (value > 0 && value <= secondsMax) return value;
  throw invalid(`${where}: "${text}" is no time above 0`, 'Write for example 500ms, 10s or 2m.');
}

function parseCount(text: string, where: string): number {
  const value = /^\d+$/.test(text.trim()) ? Number(text) : 0;
  if (value >= 1 && value <= piecesMax / 2) return value;
  throw invalid(`${where}: "${text}" is no number of bursts from 1 to ${piecesMax / 2}`, 'Write for example 10.');
}

function invalid(message: string, hint: string): FloodgateError {
  return new FloodgateError('profile-invalid', message, { hint });
}

/** As it is written: what parses to the same. */
export function profileText({ unit, parts }: RateProfile): string {
  return parts.map((part) => partText(part, unit)).join(',');
}

export function partText(part: ProfilePart, unit: RateUnit): string {
  const rate = (value: number) => `${value}${{ frames: 'pps', bits: 'mbps', speed: 'x' }[unit]}`;
  switch (part.kind) {
    case 'step':
      return `step=${rate(part.rate)}/${part.seconds}s`;
    case 'ramp':
      return `ramp=${rate(part.from)}..${rate(part.to)}/${part.seconds}s`;
    case 'sine':
      return `sine=${rate(part.low)}..${rate(part.high)}/${part.periodSeconds}s/${part.seconds}s`;
    case 'bursts':
      return `bursts=${rate(part.rate)}/${part.onSeconds}s/${part.offSeconds}s/${part.count}`;
  }
}
