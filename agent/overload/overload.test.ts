/** The parts together, on a clock of their own. */
import t from 'tap';
import { defaultBodyLimits } from '../body/body-limits.ts';
import { BodyBuffers } from '../body/json-document.ts';
import { DecoderPool } from '../coding/decoder-pool.ts';
import { decodeWitness } from '../encode/witness-decoder.ts';
import { encodeWitness } from '../encode/witness-encoder.ts';
import type { HeaderFields, HttpMessage } from '../http/message-handler.ts';
import { counterHelp, gaugeHelp } from '../telemetry/metric-table.ts';
import { type MethodMeta, stringData } from '../witness/ir.ts';
import { WitnessBuilder } from '../witness/witness-builder.ts';
import { defaultWitnessLimits } from '../witness/witness-limits.ts';
import { ExchangeSampler } from './exchange-sampler.ts';
import { OverloadLevel } from './ladder.ts';
import { Overload } from './overload.ts';

const typer = { string: stringData, text: stringData, number: (data: never) => data };
const header = (name: string) => (name === 'host' ? 'api.example' : undefined);
const headers = {
  count: 1,
  name: () => 'Content-Type',
  value: () => 'application/json',
  get: header,
  all: header,
} as HeaderFields;

function message(kind: 'request' | 'response', exchange: number, tsUs: number): HttpMessage {
  const status = kind === 'request' ? 0 : 200;
  const side = kind === 'request' ? 0 : 1;
  return {
    ...{ kind, exchange, headers, side, status, tsUs, stream: 1, connection: 1, pairing: 'certain', method: 'GET' },
    ...{ uri: '/a', complete: true, bodyBytes: 7, flags: 0, lastTsUs: tsUs, missingBytes: 0 },
  } as HttpMessage;
}

function setUp(cpuMax: number | null = null) {
  const state = {
    frames: { passed: 0, shed: 0 },
    nowMs: 0,
    fill: 0,
    lagMs: 0,
    cpuUs: 0,
    memoryShare: 0,
    flows: [] as number[],
    lines: [] as string[],
  };
  const metas: MethodMeta[] = [];
  const values: number[] = [];
  const builder = new WitnessBuilder(
    { ...defaultWitnessLimits, body: defaultBodyLimits },
    { decoders: new DecoderPool(1 << 20), buffers: new BodyBuffers(1 << 20) },
    typer,
    {
      witness: (witness) => {
        const read = decodeWitness(encodeWitness(witness)!);
        metas.push(read.method!.meta!);
        values.push(read.method!.responses.size);
      },
    },
  );
  const sampler = new ExchangeSampler(builder, [3, 4], 8);
  const overload = new Overload({
    load: {
      ringFill: () => state.fill,
      lagMs: () => state.lagMs,
      canShedFlows: true,
      keepFlows: (share) => void state.flows.push(share),
      flowFrames: () => state.frames,
    },
    sampler,
    cpuMax,
    nowMs: () => state.nowMs,
    epochMs: () => state.nowMs,
    cpuUs: () => state.cpuUs,
    loop: () => ({ idle: state.nowMs / 2, active: state.nowMs / 2 }),
    memoryShare: () => state.memoryShare,
    key: [1, 2],
    report: (line) => void state.lines.push(line),
  });
  const exchange = (number: number) => {
    for (const kind of ['request', 'response'] as const) {
      const each = message(kind, number, state.nowMs * 1000);
      sampler.begin(each);
      sampler.body(each, Buffer.from('{"a":1}'), 0, 7);
      sampler.end(each);
    }
  };
  const pass = (ms: number, fillOf = () => 0) => {
    for (const end = state.nowMs + ms; state.nowMs < end; state.nowMs += 5) {
      state.fill = fillOf();
      overload.check();
    }
  };
  return { state, overload, sampler, builder, metas, values, exchange, pass };
}

t.test('every figure has its sentence, and every sentence its figure', async (t) => {
  const figures = Object.keys(setUp().overload.snapshot()).sort();
  const sentences = [...Object.keys(counterHelp), ...Object.keys(gaugeHelp)];
  t.same(figures, sentences.filter((name) => name.startsWith('overload.')).sort());
});

t.test('a flood: from everything to single connections and back, said and counted', async (t) => {
  const { state, overload, pass, metas, exchange } = setUp();
  exchange(0);
  t.equal(overload.mark.share, 1);
  pass(400, () => 0.9);
  t.match(overload.mark, { level: OverloadLevel.flows });
  t.match(overload.snapshot(), { 'overload.flowsEntered': 1, 'overload.levelMax': 4, 'overload.ringFillPeak': 0.9 });
  t.ok(state.flows.at(-1)! < 1);
  exchange(1);
  pass(30_000);
  t.equal(overload.mark.level, OverloadLevel.none);
  t.equal(state.flows.at(-1), 1, 'the filter is as it was');
  t.match(state.lines[0], /^overload: .*\(level \d of 4; ring 90 % full, 0 ms behind, CPU 0 % of a core\)$/);
  t.match(state.lines.at(-1), /nothing is left out/);
  exchange(2);
  t.equal(metas.length, 3, 'the first of an endpoint is certain at any level');
  t.same([metas[0]!.weight, metas[2]!.weight], [0, 0], 'weight 1 is not written');
  t.ok(metas[1]!.weight >= 2, 'but for the connections that were left out');
});

t.test('where connections are left out, witnesses stand for the frames that were not seen', async (t) => {
  const { state, overload, pass, metas, exchange } = setUp();
  pass(600, () => 0.9);
  t.match(overload.mark, { level: OverloadLevel.flows });
  // One connection, and it is kept: nothing was left out, whatever was asked for.
  state.frames = { passed: 1000, shed: 0 };
  pass(260, () => 0.3);
  exchange(0);
  t.equal(metas[0]!.weight, 0);
  // Nine of ten frames are of others.
  state.frames = { passed: 1100, shed: 900 };
  pass(260, () => 0.3);
  exchange(1);
  t.equal(metas[1]!.weight, 10);
  t.equal(overload.mark.share, overload.snapshot()['overload.witnessShare']! / 10);
});

t.test('bodies first: witnesses say whether theirs were looked into, and for how many', async (t) => {
  const { state, overload, pass, metas, values, exchange } = setUp(0.5);
  // Three quarters of a core, of half a core.
  for (let window = 0; window < 2; window += 1) {
    state.cpuUs += 187_500;
    pass(250);
  }
  t.equal(overload.mark.level, OverloadLevel.bodies);
  for (let at = 0; at < 2000; at += 1) exchange(at);
  t.equal(metas.length, 2000);
  t.ok(metas.every(({ weight }) => weight === 0));
  const without = metas.filter(({ bodyWeight }) => bodyWeight === -1).length;
  const estimate = metas.reduce((sum, { bodyWeight }) => sum + (bodyWeight === 0 ? 1 : Math.max(0, bodyWeight)), 0);
  t.ok(without > 800, `${without} without bodies`);
  t.ok(Math.abs(estimate - 2000) < 300, `bodies stand for ${estimate}`);
  t.ok(metas.every(({ bodyWeight }, i) => values[i] === (bodyWeight === -1 ? 0 : 1)));
  t.equal(overload.snapshot()['overload.bodiesSampled'], without);
});

t.test('bodies under way are given up where nothing else helps in time', async (t) => {
  const { overload, sampler, pass, metas } = setUp();
  const request = message('request', 0, 0);
  const response = message('response', 0, 0);
  sampler.begin(request);
  sampler.end(request);
  sampler.begin(response);
  sampler.body(response, Buffer.from('{"a":1}'), 0, 4);
  pass(120, () => 0.95);
  sampler.body(response, Buffer.from('{"a":1}'), 4, 7);
  sampler.end(response);
  t.match(metas, [{ bodyWeight: -1 }]);
  t.equal(overload.snapshot()['overload.bodiesGivenUp'], 1);
});
