/** speedscope's own JSON (speedscope.app/file-format-schema.json), in and out. */
import { expectArray, expectNumber, expectObject, expectText, parseJson } from './json-shape.ts';
import { type Profile, ProfileBuilder, ProfileError, stackOf, type ValueType } from './profile.ts';

const SCHEMA = 'https://www.speedscope.app/file-format-schema.json';
/** One profile a sample type is usual; a thousand is no file that a person opens. */
const PROFILES_MAX = 1_000;

/** A profile as speedscope JSON, one entry per sample type. What shrank (below zero) has no width and is left out. */
export function writeSpeedscope(profile: Profile, name = 'floodgate'): string {
  const { functionName, file, line, column } = profile.sites;
  const frames = functionName.map((each, i) => ({
    name: each || '(anonymous)',
    ...(file[i] ? { file: file[i] } : {}),
    ...(line[i]! > 0 ? { line: line[i] } : {}),
    ...(column[i]! > 0 ? { col: column[i] } : {}),
  }));
  const profiles = profile.sampleTypes.map(({ type, unit }, index) => {
    const samples: number[][] = [];
    const weights: number[] = [];
    let endValue = 0;
    for (let node = 1; node < profile.parent.length; node += 1) {
      const value = profile.self[index]![node]!;
      if (value <= 0) continue;
      samples.push(stackOf(profile, node));
      weights.push(value);
      endValue += value;
    }
    return { type: 'sampled', name: type, unit: unitOf(unit), startValue: 0, endValue, samples, weights };
  });
  return JSON.stringify({
    $schema: SCHEMA,
    name,
    exporter: 'floodgate',
    activeProfileIndex: 0,
    shared: { frames },
    profiles,
  });
}

/** speedscope knows five units. */
function unitOf(unit: string): string {
  return ['bytes', 'nanoseconds', 'microseconds', 'milliseconds', 'seconds'].includes(unit) ? unit : 'none';
}

/** speedscope JSON, sampled or evented, as one profile with a sample type per entry. @throws ProfileError */
export function readSpeedscope(json: string): Profile {
  const data = expectObject(parseJson(json, 'speedscope file'), 'the speedscope file');
  const frames = expectArray(expectObject(data.shared, 'shared').frames, 'frames').map((each) =>
    expectObject(each, 'a frame'),
  );
  const profiles = expectArray(data.profiles, 'profiles').map((each) => expectObject(each, 'a profile'));
  if (profiles.length === 0 || profiles.length > PROFILES_MAX)
    throw new ProfileError(`the file has ${profiles.length} profiles`);
  const sampleTypes = profiles.map((each, i): ValueType => {
    const unit = each.unit === 'none' ? 'count' : expectText(each.unit, 'unit');
    return { type: typeof each.name === 'string' ? each.name : `profile ${i + 1}`, unit };
  });
  const builder = new ProfileBuilder({ sampleTypes });
  const sites = frames.map((frame) =>
    builder.site(
      expectText(frame.name, 'name'),
      typeof frame.file === 'string' ? frame.file : '',
      typeof frame.line === 'number' ? frame.line : 0,
      typeof frame.col === 'number' ? frame.col : 0,
    ),
  );
  const siteOf = (index: unknown) => {
    const site = sites[expectNumber(index, 'a frame index')];
    if (site === undefined) throw new ProfileError(`there is no frame ${index}`);
    return site;
  };
  profiles.forEach((each, type) => {
    if (each.type === 'sampled') readSampled(each, builder, type, siteOf);
    else if (each.type === 'evented') readEvented(each, builder, type, siteOf);
    else throw new ProfileError(`a profile of type ${JSON.stringify(each.type)?.slice(0, 40)} is not known`);
  });
  return builder.finish();
}

type SiteOf = (index: unknown) => number;

function readSampled(entry: Record<string, unknown>, builder: ProfileBuilder, type: number, siteOf: SiteOf): void {
  const weights = expectArray(entry.weights, 'weights');
  expectArray(entry.samples, 'samples').forEach((sample, i) => {
    let node = 0;
    for (const index of expectArray(sample, 'a sample')) node = builder.child(node, siteOf(index));
    builder.add(node, type, expectNumber(weights[i], 'a weight'));
  });
}

/** Opened and closed frames: the time between two events belongs to what is open. */
function readEvented(entry: Record<string, unknown>, builder: ProfileBuilder, type: number, siteOf: SiteOf): void {
  const open: { node: number; frame: unknown }[] = [{ node: 0, frame: undefined }];
  let last = expectNumber(entry.startValue, 'startValue');
  for (const each of expectArray(entry.events, 'events')) {
    const event = expectObject(each, 'an event');
    const at = expectNumber(event.at, 'at');
    if (at < last) throw new ProfileError('the events run backwards');
    const { node } = open.at(-1)!;
    if (open.length > 1) builder.add(node, type, at - last);
    last = at;
    if (event.type === 'O') open.push({ node: builder.child(node, siteOf(event.frame)), frame: event.frame });
    else if (open.length > 1 && open.at(-1)!.frame === event.frame) open.pop();
    else throw new ProfileError('a frame is closed that is not the innermost one');
  }
}
