/** For the formats' tests: one profile that is hard to keep whole, and the one thing they all compare. */
import { type Profile, ProfileBuilder, stackOf } from './profile.ts';

/** The one thing every format's test compares: each stack as text with its values. */
export function stacksOf(profile: Profile, types = profile.sampleTypes.map((_, i) => i)): Record<string, number[]> {
  const stacks: Record<string, number[]> = {};
  const { functionName, file, line } = profile.sites;
  for (let node = 1; node < profile.parent.length; node += 1) {
    const values = types.map((type) => Math.round(profile.self[type]![node]!));
    if (values.every((value) => value === 0)) continue;
    const key = stackOf(profile, node).map((site) => `${functionName[site]} ${file[site]}:${line[site]}`);
    stacks[key.join(' > ')] = values;
  }
  return stacks;
}

const hostile = '</script><img src=x onerror=alert(1)>\u2028"\\;';

/** Two sample types, shared prefixes, recursion, an anonymous function, a hostile name, a negative value. */
export function sampleProfile(): Profile {
  const builder = new ProfileBuilder({
    sampleTypes: [
      { type: 'alloc_objects', unit: 'count' },
      { type: 'alloc_space', unit: 'bytes' },
    ],
    period: 65_536,
    timeMs: 1_773_500_966_535,
    durationMs: 12_500,
  });
  const main = builder.child(0, builder.site('main', 'agent/main.ts', 12, 3));
  const parse = builder.child(main, builder.site('parse', 'agent/http/parser.ts', 99, 7));
  const again = builder.child(parse, builder.site('parse', 'agent/http/parser.ts', 99, 7));
  const odd = builder.child(again, builder.site(hostile, `agent/${hostile}.ts`, 1));
  const big = builder.child(main, builder.site('ünïcode → λ', 'agent/b.ts', 4_000_000));
  for (const [node, count, bytes] of [
    [main, 1, 100],
    [parse, 20, 300],
    [again, 3, 12_345_678_901],
    [odd, 7, 70],
    [big, 0, -4096],
  ] as const) {
    builder.add(node, 0, count);
    builder.add(node, 1, bytes);
  }
  return builder.finish();
}
