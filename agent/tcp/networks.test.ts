import t from 'tap';
import { tagNetwork } from '../wire/packet.ts';
import type { FrameFields } from '../wire/packet-builder.ts';
import { NetworkPolicy } from './limits.ts';
import { Transcript } from './transcript.ts';

interface Tenant {
  readonly sequences: [number, number];
  /** Of either direction. */
  readonly tags: readonly [FrameFields, FrameFields];
}

const both = (frame: FrameFields) => [frame, frame] as const;
const vlan = (...vlans: number[]): FrameFields => ({ vlans });

/** Two tenants' lines, one after the other, each with its own numbers and tags. @returns all events */
function play(transcript: Transcript, tenants: readonly Tenant[], ...lines: string[]): string {
  const events: string[] = [];
  for (const line of lines) {
    for (const { sequences, tags } of tenants) {
      for (const packet of line.split('\n')) {
        transcript.sequences = sequences;
        transcript.tag(tags[packet.startsWith('<') ? 1 : 0]);
        events.push(transcript.play(packet));
      }
    }
  }
  return events.filter((event) => event !== '').join(', ');
}

const exchange = ['> S 0', '< SA 0 ack 1', '> . 1 ack 1', '> . 1 ack 1 "GET"', '< . 1 ack 4 "200"', '> . 4 ack 4'];
const end = ['> F 4 ack 4', '< F 4 ack 5', '> . 5 ack 5'];
const apart =
  'open 0, open 1, 0.0 "GET", 1.0 "GET", 0.1 "200", 1.1 "200", 0.0 end, 1.0 end, 0.1 end, close 0 fin, 1.1 end, close 1 fin';

t.test('the same addresses and ports in two networks at once', (t) => {
  const pairs: [string, Tenant['tags'], Tenant['tags']][] = [
    ['two VLANs', both(vlan(5)), both(vlan(6))],
    ['a VLAN and none', both(vlan(5)), both({})],
    ['none and a VLAN', both({}), both(vlan(5))],
    ['stacked VLANs, the outer ones different', both(vlan(100, 5)), both(vlan(200, 5))],
    ['stacked VLANs, the inner ones different', both(vlan(100, 5)), both(vlan(100, 6))],
    ['one tag and two', both(vlan(5)), both(vlan(100, 5))],
    ['two VLANs, each direction with a tag of its own', [vlan(5), vlan(6)], [vlan(7), vlan(8)]],
  ];
  for (const [name, first, second] of pairs) {
    const tenants: Tenant[] = [
      { sequences: [1000, 5000], tags: first },
      { sequences: [99_999_000, 44_400_000], tags: second },
    ];
    const isAsymmetric = name.includes('of its own');
    const auto = new Transcript();
    const events = play(auto, tenants, ...exchange, ...end);
    if (!isAsymmetric) {
      t.equal(events, apart, `${name}: kept apart by their numbers`);
      t.equal(auto.layer.counters.conversationsApart, 1, `${name}: counted`);
    }
    if (isAsymmetric) continue;
    const always = new Transcript({ networks: NetworkPolicy.apart });
    t.equal(play(always, tenants, ...exchange, ...end), apart, `${name}: always`);
    t.equal(always.layer.counters.conversationsApart, 0);
    const never = new Transcript({ networks: NetworkPolicy.together });
    t.not(play(never, tenants, ...exchange, ...end), apart, `${name}: never`);
    t.ok(never.layer.counters.conversationsMixed > 0, `${name}: counted as mixed`);
  }
  t.end();
});

t.test('numbers that are close to each other, and the same', (t) => {
  const close: Tenant[] = [
    { sequences: [1000, 5000], tags: both(vlan(5)) },
    { sequences: [2000, 7000], tags: both(vlan(6)) },
  ];
  t.equal(play(new Transcript(), close, ...exchange, ...end), apart, 'a SYN says which');
  const same: Tenant[] = [
    { sequences: [1000, 5000], tags: both(vlan(5)) },
    { sequences: [1000, 5000], tags: both(vlan(6)) },
  ];
  t.equal(
    play(new Transcript(), same, ...exchange, ...end),
    'open 0, 0.0 "GET", 0.1 "200", 0.0 end, 0.1 end, close 0 fin',
    'the same packets on both sides of a router are one connection',
  );
  t.equal(play(new Transcript({ networks: NetworkPolicy.apart }), same, ...exchange, ...end), apart, 'unless asked');
  t.end();
});

t.test('the two directions of one connection in different networks', (t) => {
  const once = 'open 0, 0.0 "GET", 0.1 "200", 0.0 end, 0.1 end, close 0 fin';
  const tags: [string, Tenant['tags']][] = [
    ['two VLANs', [vlan(5), vlan(6)]],
    ['a tag this way only', [vlan(5), {}]],
    ['a tag that way only', [{}, vlan(6)]],
    ['a priority is no VLAN', [vlan(0), {}]],
  ];
  for (const [name, each] of tags) {
    const tenant = { sequences: [1000, 5000] as [number, number], tags: each };
    const transcript = new Transcript();
    t.equal(play(transcript, [tenant], ...exchange, ...end), once, name);
    t.equal(transcript.layer.counters.conversationsApart, 0, name);
    const never = new Transcript({ networks: NetworkPolicy.together });
    t.equal(play(never, [tenant], ...exchange, ...end), once, `${name}, never apart`);
  }
  const middle = { sequences: [1000, 5000] as [number, number], tags: [vlan(5), vlan(6)] as const };
  t.equal(play(new Transcript(), [middle], ...exchange.slice(3), ...end), once, 'met in the middle');
  const moving = new Transcript();
  play(moving, [{ sequences: [1000, 5000], tags: both(vlan(5)) }], ...exchange);
  t.equal(
    play(moving, [{ sequences: [1003, 5003], tags: both(vlan(9)) }], '> . 1 ack 1 "more"\n< . 1 ack 5 "yes"'),
    '0.0 "more", 0.1 "yes"',
    'a network that changes',
  );
  t.end();
});

t.test('each direction in a network of its own, one of them late, on a port used again', (t) => {
  const client = ['> S 0', '> . 1 ack 1', '> . 1 ack 1 "GET"'];
  const server = ['< SA 0 ack 1', '< . 1 ack 4 "200"'];
  const fins = ['> F 4 ack 4', '< F 4 ack 5'];
  for (const tags of [
    [vlan(5), vlan(6)],
    [vlan(5), {}],
    [{}, vlan(6)],
  ] as const) {
    for (const closing of [['> R 4', ''], fins]) {
      for (const isClientLate of [false, true]) {
        const transcript = new Transcript();
        const sides = [[...client, closing[0]!], [...server, closing[1]!].filter((line) => line !== '')];
        const [early, late] = isClientLate ? [sides[1]!, sides[0]!] : [sides[0]!, sides[1]!];
        const events: string[] = [];
        for (let turn = 0; turn < 6; turn += 1) {
          const tenant = { sequences: [turn * 7_000_000, 99_000_000 * turn] as [number, number], tags };
          events.push(play(transcript, [tenant], ...early, 'wait 5', ...late, 'wait 60'));
        }
        events.push(transcript.play('wait 3000'));
        const words = events.join(', ');
        const name = `${JSON.stringify(tags)} ${closing[0]} ${isClientLate ? 'client' : 'server'} late`;
        t.equal(words.match(/"GET"/g)?.length, 6, name);
        t.equal(words.match(/"200"/g)?.length, 6, name);
        t.equal(transcript.layer.counters.conversationsApart, 0, name);
        t.equal(transcript.layer.counters.conversationsMixed, 0, name);
      }
    }
  }
  t.end();
});

t.test('conversations whose numbers go on where those before them ended are no two that take turns', (t) => {
  const transcript = new Transcript();
  for (let turn = 0; turn < 4; turn += 1) {
    const tenant = { sequences: [1000 + turn * 50, 5000 + turn * 50] as [number, number], tags: both({}) };
    play(transcript, [tenant], ...exchange.slice(0, -1), '> F 4 ack 4', 'wait 5');
  }
  t.equal(transcript.layer.counters.conversationsMixed, 0);
  t.end();
});

t.test('streams that were kept apart end, and their stragglers open nothing', (t) => {
  const tenants: Tenant[] = [
    { sequences: [1000, 5000], tags: both(vlan(5)) },
    { sequences: [99_999_000, 44_400_000], tags: both(vlan(6)) },
  ];
  const transcript = new Transcript();
  play(transcript, tenants, ...exchange, ...end);
  for (const ms of [100, 3000, 9000]) {
    t.equal(play(transcript, tenants, `wait ${ms / 2}`, '< F 1 ack 5 "200"\n> . 1 ack 1 "GET"'), '', `${ms} ms later`);
  }
  t.equal(transcript.layer.streamsOpen, 0);
  const again: Tenant[] = [
    { sequences: [7_000_000, 8_000_000], tags: both(vlan(6)) },
    { sequences: [500_000, 600_000], tags: both({}) },
  ];
  const events = play(transcript, again, ...exchange);
  t.equal(events, 'open 1, open 0, 1.0 "GET", 0.0 "GET", 1.1 "200", 0.1 "200"', 'new ones are kept apart as well');
  t.end();
});

t.test('every VLAN has a tag of its own', (t) => {
  const tags = new Set([0]);
  for (let vlan = 1; vlan < 4096; vlan += 1) tags.add(tagNetwork(0, vlan));
  t.equal(tags.size, 4096);
  for (let vlan = 1; vlan < 4096; vlan += 13) {
    for (let inner = 1; inner < 4096; inner += 7) tags.add(tagNetwork(tagNetwork(0, vlan), inner));
  }
  t.ok(tags.size > 4096 + 315 * 585 - 20, 'stacks collide hardly ever');
  t.end();
});
