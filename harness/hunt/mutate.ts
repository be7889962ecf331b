/** Changes to what traffic means: open, gap, stall, encode, cut, nest. Each takes a program and gives another, or none. Pure. */
import type { Random } from '../../agent/seeded-random.ts';
import { codings, jsonShapes } from '../traffic/flood/plan.ts';
import type { Body, ExchangeKind, FloodPart, HttpPart } from '../traffic/flood/plan-types.ts';
import { checkedProgram, type Program, programBytesMax, programBytesMin } from './program.ts';
import { seedPrograms } from './seeds.ts';

type Draft<T> = { -readonly [K in keyof T]: T[K] };
type FloodProgram = Extract<Program, { kind: 'flood' }>;

/** Parts and exchanges of a program: beyond them nobody reads what was found. */
const partsMax = 4;
const exchangesMax = 4;
const mutationsMax = 4;
/** Made anew for each trial: seconds of it would be the trial. */
const codedBytesMax = 20_000_000;
/** Beyond what the agent keeps of a body until it is whole (640 KiB). */
const plainBytesMax = 1_500_000;

/** @param others programs that parts are taken from @returns undefined where chance made none that is valid */
export function mutated(program: Program, others: readonly Program[], random: Random): Program | undefined {
  const draft = structuredClone(program) as Draft<Program>;
  const count = 1 + random.below(mutationsMax);
  for (let done = 0; done < count; done += 1) {
    if (draft.kind === 'fragments' || random.chance(0.15)) whole(draft, random);
    else pick(random, mutations)(draft as FloodProgram, others, random);
  }
  return checkedProgram(JSON.parse(JSON.stringify(draft)));
}

function pick<T>(random: Random, all: readonly T[]): T {
  return all[random.below(all.length)]!;
}

const impairments = [
  ...['loss=1%', 'loss=10%', 'loss=40%', 'gemodel=2%/20%', 'loss-segment=1', 'loss-segment=2', 'loss-segment=2/4/6/8'],
  ...['reorder=5%/50', 'reorder=50%/200', 'duplicate=20%', 'truncate=20%/96', 'resegment=80%/8', 'overlap=30%/400'],
  ...['half-duplex=client', 'half-duplex=server', 'skew=server/500ms', 'delay=5ms/5ms/pareto', 'corrupt=2%'],
];

/** How much, which chance, what the observer misses. */
function whole(draft: Draft<Program>, random: Random): void {
  switch (random.below(3)) {
    case 0:
      draft.bytes = Math.round(
        Math.min(programBytesMax, Math.max(programBytesMin, draft.bytes * 2 ** (random.below(5) - 2))),
      );
      break;
    case 1:
      draft.seed = 1 + random.below(1_000_000);
      break;
    default:
      if (draft.impair !== undefined && random.chance(0.4)) delete draft.impair;
      else
        draft.impair =
          draft.impair && random.chance(0.3)
            ? `${draft.impair},${pick(random, impairments)}`
            : pick(random, impairments);
  }
}

type Mutation = (program: Draft<FloodProgram>, others: readonly Program[], random: Random) => void;

const onHttp =
  (change: (part: Draft<HttpPart>, random: Random) => void): Mutation =>
  ({ traffic }, _others, random) => {
    const parts = traffic.filter((part) => part.kind === 'http');
    if (parts.length > 0) change(pick(random, parts), random);
  };

const onExchange = (change: (exchange: Draft<ExchangeKind>, random: Random) => void): Mutation =>
  onHttp((part, random) => change(pick(random, part.exchanges), random));

const onBody = (change: (body: Body, random: Random) => Body): Mutation =>
  onExchange((exchange, random) => {
    const side = exchange.request !== undefined && random.chance(0.3) ? 'request' : 'response';
    const body = exchange[side] ?? { type: 'json', bytes: '2kB' };
    exchange[side] = change(structuredClone(body), random);
  });

const parts: Mutation = ({ traffic }, others, random) => {
  const all = traffic as FloodPart[];
  if (all.length > 1 && random.chance(0.4)) {
    all.splice(random.below(all.length), 1);
    return;
  }
  const other = pick(random, [...others, ...seedPrograms]);
  if (other.kind !== 'flood' || all.length >= partsMax) return;
  all.push(structuredClone(pick(random, other.traffic)));
};

const open: Mutation = ({ traffic }, _others, random) => {
  const part = pick(random, traffic) as Draft<FloodPart>;
  const many = 2 ** random.below(14);
  part.arrivals = random.chance(0.5) ? { kind: 'at-once', connections: many } : { kind: 'constant', perSecond: many };
  if (part.kind === 'http') part.end = pick(random, ['fin', 'reset', 'open'] as const);
};

const gap = onHttp((part, random) => {
  const choice = random.below(4);
  if (choice === 0) delete part.fault;
  else if (choice === 1) part.fault = { kind: 'lost-segment', segment: 1 + random.below(8) };
  else if (choice === 2) part.fault = { kind: 'far-ahead', bytes: 2 ** (8 + random.below(16)) };
  else part.fault = { kind: 'queued-at-close' };
});

const stall = onHttp((part, random) => {
  const time = pick(random, ['0ms', '1ms', '20ms', '500ms', '3s', '12s']);
  switch (random.below(4)) {
    case 0:
      part.think = time;
      break;
    case 1:
      part.roundTrip = time;
      break;
    case 2:
      part.patience = time;
      break;
    default: {
      const exchange = pick(random, part.exchanges) as Draft<ExchangeKind>;
      exchange.answered = exchange.answered === false;
    }
  }
});

const cut = onHttp((part, random) => {
  if (random.chance(0.6)) part.segmentBytes = pick(random, [1, 4, 16, 64, 256, 536, 1_448]);
  else if (random.chance(0.5)) part.duplicates = random.below(4);
  else part.segmentGap = pick(random, ['0us', '20us', '1ms', '50ms']);
});

const repeat = onHttp((part, random) => {
  part.keepAlive = 2 ** random.below(8);
  part.pipelining = random.chance(0.5) ? Math.min(part.keepAlive, 2 ** random.below(7)) : 1;
});

const head = onExchange((exchange, random) => {
  switch (random.below(3)) {
    case 0:
      exchange.fields = { count: 1 + random.below(200), bytes: 2 ** random.below(10) };
      break;
    case 1:
      exchange.target = `/${'p'.repeat(2 ** random.below(14))}/{hex}`;
      break;
    default:
      exchange.method = pick(random, ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS']);
  }
});

const bytesOf = (body: Body) => (typeof body.bytes === 'number' ? body.bytes : 10_000);
const isCoded = (body: Body) => (body.coding?.length ?? 0) > 0;

const grow = onBody((body, random) => {
  const most = body.type === 'repeated' && isCoded(body) ? codedBytesMax : plainBytesMax;
  const bytes = Math.max(1, Math.min(most, Math.round(bytesOf(body) * 4 ** (random.below(5) - 2))));
  return { ...body, bytes };
});

const encode = onBody((body, random) => {
  const type = pick(random, ['json', 'form', 'multipart', 'text', 'binary', 'repeated'] as const);
  const { framing } = body;
  const rest = {
    bytes: Math.min(plainBytesMax, bytesOf(body)),
    ...(framing && { framing }),
    ...(body.coding && { coding: body.coding }),
  };
  return type === 'json' ? { type, ...rest, shape: pick(random, jsonShapes) } : { type, ...rest };
});

const nest = onBody((body, random) => {
  const coding = [...(body.coding ?? [])];
  if (coding.length > 0 && random.chance(0.3)) coding.pop();
  else if (coding.length < 4) coding.push(pick(random, codings));
  return { ...body, coding };
});

const frame = onBody((body, random) => ({ ...body, framing: pick(random, ['length', 'chunked', 'close'] as const) }));

const exchanges = onHttp((part, random) => {
  const all = part.exchanges as ExchangeKind[];
  if (all.length > 1 && random.chance(0.5)) all.splice(random.below(all.length), 1);
  else if (all.length < exchangesMax) all.push(structuredClone(pick(random, all)));
});

const mutations: readonly Mutation[] = [
  parts,
  open,
  open,
  gap,
  gap,
  stall,
  cut,
  repeat,
  head,
  grow,
  grow,
  encode,
  nest,
  nest,
  frame,
  exchanges,
];
