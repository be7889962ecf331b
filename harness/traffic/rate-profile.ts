/**
 * A rate that changes with time, and when each frame is due under it. Work is counted in frames, in bytes or in the
 * traffic's own time; a piece's rate goes from one value to another in a straight line. Pure.
 */

/** `frames`: frames a second. `bits`: megabits a second. `speed`: so many times as fast as recorded. */
export type RateUnit = 'frames' | 'bits' | 'speed';

export type ProfilePart =
  | { readonly kind: 'ramp'; readonly from: number; readonly to: number; readonly seconds: number }
  | { readonly kind: 'step'; readonly rate: number; readonly seconds: number }
  | {
      readonly kind: 'sine';
      readonly low: number;
      readonly high: number;
      readonly periodSeconds: number;
      readonly seconds: number;
    }
  | {
      readonly kind: 'bursts';
      readonly rate: number;
      readonly onSeconds: number;
      readonly offSeconds: number;
      readonly count: number;
    };

export interface RateProfile {
  readonly unit: RateUnit;
  readonly parts: readonly ProfilePart[];
}

/** A sine is drawn by so many straight pieces a period: its mean is exact, its rate within 0.3 % of the amplitude. */
const piecesPerPeriod = 64;
/** A day of bursts every two seconds; 2 MB of pieces. */
export const piecesMax = 65_536;

interface Piece {
  /** Work a microsecond. */
  readonly from: number;
  readonly to: number;
  readonly durationUs: number;
}

/** What a unit of the rate is in work a microsecond: frames, bytes, or microseconds of the traffic. */
const workPerUs: Readonly<Record<RateUnit, number>> = { frames: 1e-6, bits: 1 / 8, speed: 1 };

export function partSeconds(part: ProfilePart): number {
  return part.kind === 'bursts' ? part.count * (part.onSeconds + part.offSeconds) : part.seconds;
}

/** How many straight pieces a part is made of. */
export function pieceCount(part: ProfilePart): number {
  if (part.kind === 'bursts') return 2 * part.count;
  return part.kind === 'sine' ? Math.ceil((part.seconds / part.periodSeconds) * piecesPerPeriod) : 1;
}

function piecesOf(part: ProfilePart, factor: number): Piece[] {
  const piece = (from: number, to: number, seconds: number): Piece => ({
    from: from * factor,
    to: to * factor,
    durationUs: seconds * 1e6,
  });
  switch (part.kind) {
    case 'step':
      return [piece(part.rate, part.rate, part.seconds)];
    case 'ramp':
      return [piece(part.from, part.to, part.seconds)];
    case 'bursts': {
      const { rate, onSeconds, offSeconds, count } = part;
      return Array.from({ length: count }, () => [piece(rate, rate, onSeconds), piece(0, 0, offSeconds)]).flat();
    }
    case 'sine': {
      const { low, high, periodSeconds, seconds } = part;
      const rateAt = (at: number) =>
        (low + high) / 2 - ((high - low) / 2) * Math.cos((2 * Math.PI * at) / periodSeconds);
      return Array.from({ length: pieceCount(part) }, (_, index) => {
        const from = (index * periodSeconds) / piecesPerPeriod;
        const to = Math.min(((index + 1) * periodSeconds) / piecesPerPeriod, seconds);
        return piece(rateAt(from), rateAt(to), to - from);
      });
    }
  }
}

/** When work is due. Frames come in order: it goes through the profile once. */
export class ProfileClock {
  /** All that the profile sends: frames, bytes, or microseconds of the traffic. */
  readonly totalWork: number;
  readonly totalUs: number;
  /** When each part ends. */
  readonly partEndsUs: readonly number[];
  readonly #pieces: readonly Piece[];
  #at = 0;
  #startUs = 0;
  #startWork = 0;

  constructor({ unit, parts }: RateProfile) {
    const byPart = parts.map((part) => piecesOf(part, workPerUs[unit]));
    this.#pieces = byPart.flat();
    this.totalWork = this.#pieces.reduce((sum, piece) => sum + workOf(piece), 0);
    let endUs = 0;
    this.partEndsUs = byPart.map((pieces) => (endUs += pieces.reduce((sum, { durationUs }) => sum + durationUs, 0)));
    this.totalUs = endUs;
  }

  /** @returns microseconds after the start; the end of the profile for what lies behind it */
  dueUs(work: number): number {
    for (;;) {
      const piece = this.#pieces[this.#at];
      if (piece === undefined) return this.totalUs;
      const whole = workOf(piece);
      const left = work - this.#startWork;
      if (left < whole) return this.#startUs + timeOf(piece, Math.max(left, 0));
      this.#startUs += piece.durationUs;
      this.#startWork += whole;
      this.#at += 1;
    }
  }
}

function workOf({ from, to, durationUs }: Piece): number {
  return ((from + to) / 2) * durationUs;
}

/** When a piece has done so much: the root of `from·t + (to − from)·t² / 2·duration`, in the form that never subtracts likes. */
function timeOf({ from, to, durationUs }: Piece, work: number): number {
  if (work === 0) return 0;
  const slope = (to - from) / durationUs;
  return (2 * work) / (from + Math.sqrt(Math.max(from * from + 2 * slope * work, 0)));
}

/** Where a traffic ends: the first that is reached. */
export interface TrafficEnd {
  readonly frames?: number;
  /** Of frames; the one that crosses it is the last. */
  readonly bytes?: number;
  /** After the first frame; a frame at this time is not sent. */
  readonly trafficUs?: number;
}

/** What a profile sends in all, as the end of its traffic. */
export function profileEnd(profile: RateProfile): TrafficEnd {
  const { totalWork } = new ProfileClock(profile);
  const work = Math.max(1, Math.round(totalWork));
  return profile.unit === 'frames' ? { frames: work } : profile.unit === 'bits' ? { bytes: work } : { trafficUs: work };
}
