/**
 * What the agent leaves out when it cannot keep up, step by step: each step makes about half as much of one thing as the
 * step before it. A frame that the kernel drops costs a gap and half a message; what is left out here costs nothing but
 * itself, and is counted.
 */

/** In order; each level includes those below it. */
export const OverloadLevel = {
  none: 0,
  /** Witnesses of all exchanges, bodies of some. */
  bodies: 1,
  /** … and witnesses of some exchanges. */
  witnesses: 2,
  /** … and of hardly any: messages are framed and counted. */
  framing: 3,
  /** … and the kernel hands over the frames of some connections only. */
  flows: 4,
} as const;
export type OverloadLevel = (typeof OverloadLevel)[keyof typeof OverloadLevel];

export interface OverloadStep {
  readonly level: OverloadLevel;
  /** Of the exchanges that a witness is made of, those whose bodies are looked into. */
  readonly bodyShare: number;
  /** Exchanges of which a witness is made. */
  readonly witnessShare: number;
  /** Connections whose frames the kernel hands over. */
  readonly flowShare: number;
}

/** Bodies of fewer are hardly ever what takes the time. */
const bodyShareMin = 1 / 16;
const witnessShareMin = 1 / 32;
/** Thin, but not nothing: an exchange that can never be chosen is in no estimate. */
const framingShare = 1 / 256;
const flowShareMin = 1 / 64;

function halves(from: number, to: number): number[] {
  const shares: number[] = [];
  for (let share = from; share >= to; share /= 2) shares.push(share);
  return shares;
}

const step = (level: OverloadLevel, bodyShare: number, witnessShare: number, flowShare: number): OverloadStep => ({
  level,
  bodyShare,
  witnessShare,
  flowShare,
});

/** From nothing left out to the least that is taken. */
export const overloadLadder: readonly OverloadStep[] = [
  step(OverloadLevel.none, 1, 1, 1),
  ...halves(1 / 2, bodyShareMin).map((share) => step(OverloadLevel.bodies, share, 1, 1)),
  ...halves(1 / 2, witnessShareMin).map((share) => step(OverloadLevel.witnesses, bodyShareMin, share, 1)),
  step(OverloadLevel.framing, bodyShareMin, framingShare, 1),
  ...halves(1 / 2, flowShareMin).map((share) => step(OverloadLevel.flows, bodyShareMin, framingShare, share)),
];

/** The first step of a level. */
export function firstStepOf(level: OverloadLevel): number {
  return overloadLadder.findIndex((each) => each.level === level);
}

/** "witnesses of 1 in 4 exchanges": a step as people read it. */
export function describeStep({ level, bodyShare, witnessShare, flowShare }: OverloadStep): string {
  const oneIn = (share: number) => `1 in ${Math.round(1 / share)}`;
  switch (level) {
    case OverloadLevel.none:
      return 'nothing is left out';
    case OverloadLevel.bodies:
      return `bodies of ${oneIn(bodyShare)} exchanges`;
    case OverloadLevel.witnesses:
      return `witnesses of ${oneIn(witnessShare)} exchanges`;
    case OverloadLevel.framing:
      return `framing only, witnesses of ${oneIn(witnessShare)} exchanges`;
    default:
      return `${oneIn(flowShare)} connections, witnesses of ${oneIn(witnessShare)} of their exchanges`;
  }
}
