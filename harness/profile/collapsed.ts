/** Collapsed stacks, one per line (`outer;inner 42`), as flame graph tools write and read them; in and out. */
import { type Profile, ProfileBuilder, ProfileError, sampleTypeIndex, stackOf, type ValueType } from './profile.ts';

const LINES_MAX = 2_000_000;

/** One sample type as collapsed stacks. `;` and line breaks in a name become `:` and a space. */
export function writeCollapsed(profile: Profile, sampleType?: string): string {
  const type = sampleTypeIndex(profile, sampleType);
  const { functionName, file, line } = profile.sites;
  const names = functionName.map((name, i) => {
    const where = file[i] ? ` (${file[i]}${line[i]! > 0 ? `:${line[i]}` : ''})` : '';
    return `${name || '(anonymous)'}${where}`.replaceAll(';', ':').replaceAll(/[\s\u0085\u2028\u2029]+/g, ' ');
  });
  const lines: string[] = [];
  for (let node = 1; node < profile.parent.length; node += 1) {
    const value = Math.round(profile.self[type]![node]!);
    if (value === 0) continue;
    lines.push(
      `${stackOf(profile, node)
        .map((site) => names[site])
        .join(';')} ${value}\n`,
    );
  }
  return lines.join('');
}

/** Collapsed stacks as a profile. @throws ProfileError with the line's number */
export function readCollapsed(text: string, valueType: ValueType = { type: 'samples', unit: 'count' }): Profile {
  const builder = new ProfileBuilder({ sampleTypes: [valueType] });
  let number = 0;
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    const line = text.slice(start, end).trim();
    start = end + 1;
    number += 1;
    if (number > LINES_MAX) throw new ProfileError(`more than ${LINES_MAX} stacks`);
    if (line === '') continue;
    const space = line.lastIndexOf(' ');
    const value = space > 0 ? Number(line.slice(space + 1)) : Number.NaN;
    if (!Number.isFinite(value)) throw new ProfileError(`line ${number} does not end in a number`);
    let node = 0;
    for (const frame of line.slice(0, space).split(';')) node = builder.child(node, siteOf(builder, frame));
    builder.add(node, 0, value);
  }
  return builder.finish();
}

/** `name (file:line)`, `name (file)` or just a name. */
function siteOf(builder: ProfileBuilder, frame: string): number {
  const open = frame.endsWith(')') ? frame.lastIndexOf(' (') : -1;
  if (open <= 0) return builder.site(frame, '', 0);
  const where = frame.slice(open + 2, -1);
  const colon = where.lastIndexOf(':');
  const line = colon > 0 ? Number(where.slice(colon + 1)) : Number.NaN;
  const name = frame.slice(0, open);
  return Number.isSafeInteger(line) && line >= 0
    ? builder.site(name, where.slice(0, colon), line)
    : builder.site(name, where, 0);
}
