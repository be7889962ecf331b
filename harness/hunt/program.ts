/** What is hunted with: traffic by its meaning, as a scenario says it, and how much of it. Pure. */
import * as v from 'valibot';
import { stringify } from 'yaml';
import { floodSchema } from '../traffic/flood/plan.ts';
import { parseImpairments } from '../traffic/impairments/parse.ts';

/** More would be a load test: what is looked for is what little traffic can do. */
export const programBytesMax = 4_000_000;
export const programBytesMin = 50_000;

const common = {
  /** Sum of frame lengths after which no connection is opened any more. */
  bytes: v.pipe(v.number(), v.integer(), v.minValue(programBytesMin), v.maxValue(programBytesMax)),
  /** As `--impair` takes it. */
  impair: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(400))),
  /** Of every random choice. */
  seed: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(0xffff_ffff)),
};

export const programSchema = v.variant('kind', [
  v.strictObject({ kind: v.literal('flood'), traffic: floodSchema, ...common }),
  /** IP datagrams of which fragments are missing, which a flood has no word for. */
  v.strictObject({ kind: v.literal('fragments'), ...common }),
]);

export type Program = v.InferOutput<typeof programSchema>;

/** @returns undefined where it is none */
export function checkedProgram(value: unknown): Program | undefined {
  const checked = v.safeParse(programSchema, value);
  if (!checked.success) return undefined;
  try {
    if (checked.output.impair !== undefined) parseImpairments(checked.output.impair, 'impair');
    return checked.output;
  } catch {
    return undefined;
  }
}

/** A scenario file of it. */
export function scenarioText(
  program: Program,
  { name, summary }: { readonly name: string; readonly summary: string },
): string {
  const { impair, seed } = program;
  return stringify({
    name,
    summary: summary.slice(0, 200),
    recover: '300ms',
    ...(impair !== undefined && { impair }),
    seed,
    ...(program.kind === 'flood' ? { traffic: program.traffic } : { builtin: 'lost-fragments' }),
  });
}
