/** Profiles of threads and processes that ran at the same time, as one: below a root each. Pure. */
import { type Profile, ProfileBuilder } from './profile.ts';

export interface SidePart {
  /** `thread 2 hash.js`; empty for the target's main thread, whose stacks stay as they are. */
  readonly label: string;
  readonly profile: Profile;
}

/** What stands before a label where it is the root of stacks; such a site has no file. */
const partPrefix = 'in ';

/** Bytes add up, the duration does not: all of them looked at one span of time. The first gives the kind of values. */
export function sideBySide([first, ...rest]: readonly [SidePart, ...SidePart[]]): Profile {
  if (rest.length === 0 && first.label === '') return first.profile;
  const { sampleTypes, period, periodType, timeMs, durationMs } = first.profile;
  const builder = new ProfileBuilder({ sampleTypes, period, periodType, timeMs, durationMs });
  for (const { label, profile } of [first, ...rest]) {
    const root = label === '' ? 0 : builder.child(0, builder.site(`${partPrefix}${label}`, '', 0));
    const { functionName, file, line, column } = profile.sites;
    const sites = functionName.map((name, i) => builder.site(name, file[i]!, line[i]!, column[i]!));
    const nodes = new Int32Array(profile.parent.length);
    nodes[0] = root;
    for (let node = 1; node < nodes.length; node += 1) {
      nodes[node] = builder.child(nodes[profile.parent[node]!]!, sites[profile.site[node]!]!);
    }
    for (const [type, { type: name }] of sampleTypes.entries()) {
      const column = profile.self[profile.sampleTypes.findIndex((each) => each.type === name)];
      // A kind of value that the first has and this one has not.
      if (!column) continue;
      for (let node = 0; node < nodes.length; node += 1) {
        if (column[node] !== 0) builder.add(nodes[node]!, type, column[node]!);
      }
    }
  }
  return builder.finish();
}

/** Of a profile's nodes, the label that each lies below; empty for the main thread. */
export function labelsOf({ parent, site, sites }: Profile): string[] {
  const labels: string[] = [''];
  for (let node = 1; node < parent.length; node += 1) {
    const above = parent[node]!;
    const name = sites.functionName[site[node]!]!;
    const isPart = above === 0 && sites.file[site[node]!] === '' && name.startsWith(partPrefix);
    labels.push(isPart ? name.slice(partPrefix.length) : labels[above]!);
  }
  return labels;
}
