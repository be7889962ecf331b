import t from 'tap';
import { parseProfile, profileText } from './parse-profile.ts';
import { ProfileClock, profileEnd } from './rate-profile.ts';
import { scheduleOf } from './schedule.ts';

/** When each frame of a profile is due. */
function dueTimes(text: string): number[] {
  const profile = parseProfile(text);
  const schedule = scheduleOf({ kind: 'profile', ...profile });
  return Array.from({ length: profileEnd(profile).frames! }, (_, frame) => schedule(0, frame, 0));
}

/** Frames due in each stretch of so many microseconds. */
function perStretch(dueUs: readonly number[], stretchUs: number): number[] {
  const counts: number[] = [];
  for (const each of dueUs) counts[Math.floor(each / stretchUs)] = (counts[Math.floor(each / stretchUs)] ?? 0) + 1;
  return counts;
}

t.test('a step is a rate', async (t) => {
  const due = dueTimes('step=100pps/2s');
  t.equal(due.length, 200);
  t.same(due.slice(0, 3), [0, 10_000, 20_000]);
});

t.test('a ramp rises in a straight line, from nothing as well', async (t) => {
  const counts = perStretch(dueTimes('ramp=0pps..1000pps/10s'), 1e6);
  t.same(counts.length, 10);
  // The integral of 100·t over each second: 50, 150, 250, …
  for (const [second, count] of counts.entries())
    t.ok(Math.abs(count - (50 + 100 * second)) <= 1, `${second}: ${count}`);
  const down = perStretch(dueTimes('ramp=1kpps..0pps/10s'), 1e6);
  t.ok(Math.abs(down[0]! - 950) <= 1 && Math.abs(down[9]! - 50) <= 1, down.join());
});

t.test('a sine starts at its lowest, and has its mean', async (t) => {
  const due = dueTimes('sine=100pps..1100pps/4s/8s');
  t.ok(Math.abs(due.length - 600 * 8) <= 1, `${due.length}`);
  const counts = perStretch(due, 1e6);
  const wanted = (from: number) => {
    const integral = (at: number) => 600 * at - (500 * 4 * Math.sin((2 * Math.PI * at) / 4)) / (2 * Math.PI);
    return integral(from + 1) - integral(from);
  };
  for (const [second, count] of counts.entries()) t.ok(Math.abs(count - wanted(second)) <= 3, `${second}: ${count}`);
});

t.test('bursts, with silence between them', async (t) => {
  const due = dueTimes('bursts=1kpps/100ms/900ms/3,step=10pps/1s');
  t.equal(due.length, 310);
  t.same(
    perStretch(due, 1e5)
      .map((count) => count ?? 0)
      .filter((count) => count > 1),
    [100, 100, 100],
  );
  t.equal(due[100], 1e6, 'the second begins after a second');
  t.equal(due[300], 3e6, 'and what follows, after the last silence');
});

t.test('bits and the traffic’s own time', async (t) => {
  const bits = parseProfile('step=8mbps/1s,step=16mbps/1s');
  t.same(profileEnd(bits), { bytes: 3_000_000 });
  const schedule = scheduleOf({ kind: 'profile', ...bits });
  t.equal(schedule(0, 0, 500_000), 500_000);
  t.equal(schedule(0, 0, 2_000_000), 1_500_000);
  const speed = parseProfile('ramp=1x..3x/10s');
  t.same(profileEnd(speed), { trafficUs: 20e6 });
  t.equal(
    Math.round(scheduleOf({ kind: 'profile', ...speed })(1_100_000, 0, 0)),
    1_000_000,
    '1.1 s in the first second',
  );
});

t.test('parts end where they say', async (t) => {
  const clock = new ProfileClock(parseProfile('step=5pps/1s,bursts=5pps/1s/500ms/4,sine=1pps..2pps/700ms/3s'));
  t.same(clock.partEndsUs.map(Math.round), [1e6, 7e6, 10e6]);
  t.equal(clock.dueUs(1e9), clock.totalUs, 'what lies behind it is due at its end');
});

t.test('what is printed parses to the same', async (t) => {
  for (const text of [
    'ramp=10kpps..200kpps/30s',
    'sine=1.5mbps..800mbps/10s/1min',
    'bursts=2x/50ms/950ms/30,step=0.5x/1h',
  ]) {
    const profile = parseProfile(text);
    t.same(parseProfile(profileText(profile)), profile, profileText(profile));
  }
});

t.test('what is wrong is said, with what is wanted', async (t) => {
  for (const [text, message, hint] of [
    ['rmap=1pps..2pps/3s', /"rmap=1pps\.\.2pps\/3s" is no part/, /Did you mean ramp\?/],
    ['step=50/3s', /"50" is no rate/, /50kpps/],
    ['step=50kpps/3', /"3" is no time/, /500ms/],
    ['step=50kpps', /1 values instead of 2/, /step=RATE\/TIME/],
    ['ramp=5kpps/3s', /no range/, /FROM\.\.TO/],
    ['step=5kpps/3s,step=5mbps/3s', /another kind/, /Keep to one/],
    ['sine=5kpps..1kpps/1s/3s', /below its start/, /lowest/],
    ['bursts=5kpps/1s/1s/0', /no number of bursts/, /10/],
    ['bursts=5kpps/1s/1s/40000', /no number of bursts/, /10/],
    ['sine=1pps..2pps/1ms/1h', /more than 65536 times/, /period/],
    ['step=0pps/3s', /sends nothing/, /above 0/],
    ['step=1pps/20h,step=1pps/20h', /longer than a day/, /Shorten/],
    ['', /no part/, /ramp=FROM/],
  ] as const) {
    t.throws(() => parseProfile(text), { code: 'profile-invalid', message, hint }, text);
  }
});
