/** pprof's profile.proto, gzipped or plain, in and out. Field numbers: github.com/google/pprof/proto/profile.proto. */
import { gunzipSync, gzipSync } from 'node:zlib';
import * as proto from 'pprof-format';
import { type Profile, ProfileBuilder, ProfileError, stackOf, type ValueType } from './profile.ts';

/** A profile of our own takes a few MB decompressed; this bounds a gzip bomb. */
const DECODED_BYTES_MAX = 256 * 1024 * 1024;
/** 64 bits, seven to a byte. */
const VARINT_BYTES_MAX = 10;

/** A profile as gzipped profile.proto, which `go tool pprof`, Pyroscope and Parca read. */
export function writePprof(profile: Profile): Uint8Array {
  const strings = new proto.StringTable();
  const valueType = ({ type, unit }: ValueType) =>
    new proto.ValueType({ type: strings.dedup(type), unit: strings.dedup(unit) });
  const { functionName, file, line, column } = profile.sites;
  const functionOf = new Map<string, number>();
  const functions: proto.Function[] = [];
  const locations = functionName.map((name, i) => {
    const key = `${name}\0${file[i]}`;
    let id = functionOf.get(key);
    if (id === undefined) {
      id = functions.length + 1;
      functionOf.set(key, id);
      const nameId = strings.dedup(name || '(anonymous)');
      functions.push(
        new proto.Function({ id, name: nameId, systemName: nameId, filename: strings.dedup(file[i]!), startLine: 0 }),
      );
    }
    return new proto.Location({
      id: i + 1,
      mappingId: 1,
      line: [new proto.Line({ functionId: id, line: line[i]!, column: column[i]! })],
    });
  });
  const samples: proto.Sample[] = [];
  for (let node = 1; node < profile.parent.length; node += 1) {
    const value = profile.self.map((each) => Math.round(each[node]!));
    if (value.every((each) => each === 0)) continue;
    const locationId = stackOf(profile, node).reverse();
    samples.push(new proto.Sample({ locationId: locationId.map((site) => site + 1), value }));
  }
  const encoded = new proto.Profile({
    sampleType: profile.sampleTypes.map(valueType),
    sample: samples,
    // Without a mapping that claims to be symbolized, `go tool pprof` goes looking for a binary.
    mapping: [
      new proto.Mapping({
        id: 1,
        filename: strings.dedup('javascript'),
        hasFunctions: true,
        hasFilenames: true,
        hasLineNumbers: true,
      }),
    ],
    location: locations,
    function: functions,
    stringTable: strings,
    timeNanos: BigInt(Math.round(profile.timeMs)) * 1_000_000n,
    durationNanos: BigInt(Math.round(profile.durationMs * 1e6)),
    periodType: valueType(profile.periodType),
    period: Math.round(profile.period),
  }).encode();
  return gzipSync(encoded);
}

/** profile.proto as a profile; labels are dropped. @throws ProfileError for anything that is not a sound one. */
export function readPprof(bytes: Uint8Array): Profile {
  const plain = decompress(bytes);
  checkWire(plain);
  let decoded: proto.Profile;
  try {
    decoded = proto.Profile.decode(plain);
  } catch (error) {
    throw new ProfileError(`not a pprof profile: ${(error as Error).message}`, { cause: error });
  }
  const { strings } = decoded.stringTable;
  const text = (index: number | bigint) => strings[Number(index)] ?? '';
  const valueType = (type: proto.ValueType): ValueType => ({ type: text(type.type), unit: text(type.unit) });
  if (decoded.sampleType.length === 0) throw new ProfileError('not a pprof profile: it names no sample type');
  const builder = new ProfileBuilder({
    sampleTypes: decoded.sampleType.map(valueType),
    period: signed(decoded.period),
    ...(decoded.periodType ? { periodType: valueType(decoded.periodType) } : {}),
    timeMs: signed(decoded.timeNanos) / 1e6,
    durationMs: signed(decoded.durationNanos) / 1e6,
  });
  const sitesOf = readLocations(decoded, builder, text);
  for (const sample of decoded.sample) {
    if (sample.value.length !== decoded.sampleType.length) {
      throw new ProfileError(`a sample has ${sample.value.length} values for ${decoded.sampleType.length} types`);
    }
    let node = 0;
    // The leaf comes first in pprof, and within one location the innermost inlined call.
    for (let i = sample.locationId.length - 1; i >= 0; i -= 1) {
      const sites = sitesOf.get(Number(sample.locationId[i]));
      if (!sites) throw new ProfileError(`a sample names location ${sample.locationId[i]}, which does not exist`);
      for (let j = sites.length - 1; j >= 0; j -= 1) node = builder.child(node, sites[j]!);
    }
    sample.value.forEach((value, type) => void builder.add(node, type, signed(value)));
  }
  return builder.finish();
}

function readLocations(decoded: proto.Profile, builder: ProfileBuilder, text: (index: number | bigint) => string) {
  const functions = new Map(decoded.function.map((each) => [Number(each.id), each]));
  const sitesOf = new Map<number, number[]>();
  for (const location of decoded.location) {
    const sites = location.line.map((line) => {
      const known = functions.get(Number(line.functionId));
      const [name, file] = known ? [text(known.name), text(known.filename)] : ['(unknown)', ''];
      return builder.site(name, file, Math.max(0, signed(line.line)), Math.max(0, signed(line.column)));
    });
    // Not symbolized: the address is all there is.
    if (sites.length === 0) sites.push(builder.site(`0x${location.address.toString(16)}`, '', 0));
    sitesOf.set(Number(location.id), sites);
  }
  return sitesOf;
}

/** The decoder reads signed values as unsigned 64-bit numbers. */
function signed(value: number | bigint): number {
  return typeof value === 'bigint' ? Number(BigInt.asIntN(64, value)) : value;
}

function decompress(bytes: Uint8Array): Uint8Array {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) {
    if (bytes.length > DECODED_BYTES_MAX) throw new ProfileError(`the profile is over ${DECODED_BYTES_MAX} bytes`);
    return bytes;
  }
  try {
    return gunzipSync(bytes, { maxOutputLength: DECODED_BYTES_MAX });
  } catch (error) {
    throw new ProfileError(`the profile does not decompress: ${(error as Error).message}`, { cause: error });
  }
}

/** Fields of profile.proto that hold messages, and their own message fields, one level below. */
const MESSAGE_FIELDS = new Map<number, ReadonlySet<number>>([
  [1, new Set()],
  [2, new Set([3])],
  [3, new Set()],
  [4, new Set([4])],
  [5, new Set()],
  [11, new Set()],
]);

/**
 * Walks the wire format before it is decoded: the decoder trusts lengths, and a varint without an end would cost it
 * quadratic time.
 */
function checkWire(bytes: Uint8Array): void {
  if (bytes.length === 0) throw new ProfileError('not a pprof profile: it is empty');
  checkMessage(bytes, 0, bytes.length, 0);
}

function checkMessage(
  bytes: Uint8Array,
  start: number,
  end: number,
  level: number,
  inside?: ReadonlySet<number>,
): void {
  let at = start;
  while (at < end) {
    const tag = checkVarint(bytes, at, end);
    const field = tag.value >>> 3;
    const wireType = tag.value & 7;
    at = tag.end;
    if (wireType === 0) at = checkVarint(bytes, at, end).end;
    else if (wireType === 2) {
      const length = checkVarint(bytes, at, end);
      at = length.end + length.value;
      if (at > end)
        throw new ProfileError(`not a pprof profile: field ${field} runs past its end at byte ${length.end}`);
      if (level === 0 && MESSAGE_FIELDS.has(field)) {
        checkMessage(bytes, length.end, at, 1, MESSAGE_FIELDS.get(field));
      } else if (level === 1 && inside?.has(field)) checkMessage(bytes, length.end, at, 2);
      else if (level === 1 && inside !== undefined && field <= 2 && inside.has(3)) checkPacked(bytes, length.end, at);
    } else throw new ProfileError(`not a pprof profile: wire type ${wireType} at byte ${at}`);
  }
}

function checkPacked(bytes: Uint8Array, start: number, end: number): void {
  for (let at = start; at < end; ) at = checkVarint(bytes, at, end).end;
}

/** Values are exact up to 2⁵³, which is more than any length can be. */
function checkVarint(bytes: Uint8Array, start: number, end: number): { value: number; end: number } {
  let value = 0;
  for (let i = 0; i < VARINT_BYTES_MAX; i += 1) {
    if (start + i >= end) break;
    const byte = bytes[start + i]!;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return { value, end: start + i + 1 };
  }
  throw new ProfileError(`not a pprof profile: an unfinished number at byte ${start}`);
}
