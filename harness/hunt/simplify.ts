/** Simpler programs than one: what a person has to read of it, a thing less each. Pure. */
import { checkedProgram, type Program, programBytesMin } from './program.ts';

/** What an HTTP part or an exchange can do without. */
const optional = [
  'fault',
  'end',
  'think',
  'patience',
  'roundTrip',
  'segmentGap',
  'duplicates',
  'pipelining',
  'keepAlive',
  'segmentBytes',
  'start',
] as const;
const exchangeOptional = ['fields', 'request', 'method', 'status', 'expect', 'target', 'weight', 'response'] as const;

/** Those that are simpler by most come first. */
export function* simplifications(program: Program): Generator<Program> {
  for (const changed of changes(program)) {
    const checked = checkedProgram(changed);
    if (checked) yield checked;
  }
}

function* changes(program: Program): Generator<unknown> {
  const { impair, ...rest } = program;
  if (impair !== undefined) {
    yield rest;
    for (const one of impair.includes(',') ? impair.split(',') : []) yield { ...program, impair: one };
  }
  if (program.kind === 'flood') yield* floodChanges(program);
  if (program.bytes / 2 >= programBytesMin) yield { ...program, bytes: Math.round(program.bytes / 2) };
}

function* floodChanges(program: Extract<Program, { kind: 'flood' }>): Generator<unknown> {
  const { traffic } = program;
  const withPart = (index: number, part: unknown) => ({
    ...program,
    traffic: traffic.with(index, part as (typeof traffic)[number]),
  });
  if (traffic.length > 1)
    for (const index of traffic.keys()) yield { ...program, traffic: traffic.toSpliced(index, 1) };
  for (const [index, part] of traffic.entries()) {
    for (const name of optional) if (name in part) yield withPart(index, without(part, name));
    if (part.kind !== 'http') continue;
    const { exchanges } = part;
    const withExchange = (at: number, exchange: unknown) =>
      withPart(index, { ...part, exchanges: exchanges.with(at, exchange as (typeof exchanges)[number]) });
    if (exchanges.length > 1) {
      for (const at of exchanges.keys()) yield withPart(index, { ...part, exchanges: exchanges.toSpliced(at, 1) });
    }
    for (const [at, exchange] of exchanges.entries()) {
      for (const name of exchangeOptional) if (name in exchange) yield withExchange(at, without(exchange, name));
    }
  }
}

function without(value: object, name: string): object {
  return Object.fromEntries(Object.entries(value).filter(([key]) => key !== name));
}
