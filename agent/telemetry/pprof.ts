/** V8's profiles in pprof's format (github.com/google/pprof/proto/profile.proto), gzipped. Pure. */
import { gzipSync } from 'node:zlib';
import { Function as Code, Line, Location, Mapping, Profile, Sample, StringTable, ValueType } from 'pprof-format';

export interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  /** Counted from 0; −1 where unknown. */
  readonly lineNumber: number;
}

/** One node of a call tree with what it weighs itself. */
export interface ProfileNode {
  readonly callFrame: CallFrame;
  readonly values: readonly number[];
  readonly children: readonly ProfileNode[];
}

export interface ProfileShape {
  /** As in `['alloc_space', 'bytes']`, one for each of a node's values. */
  readonly sampleTypes: readonly (readonly [string, string])[];
  readonly period: number;
  readonly periodType: readonly [string, string];
  readonly timeMs: number;
  readonly durationMs: number;
}

/** @param root as V8 gives it: a node without a place of its own */
export function encodeProfile(root: ProfileNode, shape: ProfileShape): Buffer {
  const builder = new PprofBuilder();
  // A stack of our own: a recursion as deep as the profiled one would end ours.
  const pending: { node: ProfileNode; stack: readonly number[] }[] = [{ node: root, stack: [] }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { node } = next;
    const stack = node === root ? next.stack : [builder.location(node.callFrame), ...next.stack];
    if (stack.length > 0 && node.values.some((value) => value > 0)) builder.sample(stack, node.values);
    for (const child of node.children) pending.push({ node: child, stack });
  }
  return gzipSync(builder.encode(shape));
}

/** A function of a kernel with the place that its name says (`agent/kernels/README.md`); others as they are. */
function placed(frame: CallFrame): CallFrame {
  const found = frame.url.startsWith('wasm:') ? /^(\S+) \(([^()]+):(\d+)\)$/.exec(frame.functionName) : null;
  if (found === null) return frame;
  return { functionName: found[1]!, url: found[2]!, lineNumber: Number(found[3]) - 1 };
}

class PprofBuilder {
  readonly #strings = new StringTable();
  readonly #functions = new Map<string, Code>();
  readonly #locations = new Map<string, Location>();
  readonly #samples: Sample[] = [];

  location(found: CallFrame): number {
    const frame = placed(found);
    const key = `${frame.functionName}\0${frame.url}\0${frame.lineNumber}`;
    let location = this.#locations.get(key);
    if (location === undefined) {
      const line = new Line({ functionId: this.#function(frame, key), line: Math.max(0, frame.lineNumber + 1) });
      location = new Location({ id: this.#locations.size + 1, mappingId: 1, line: [line] });
      this.#locations.set(key, location);
    }
    return Number(location.id);
  }

  sample(locationId: readonly number[], values: readonly number[]): void {
    this.#samples.push(new Sample({ locationId: [...locationId], value: values.map(Math.round) }));
  }

  encode(shape: ProfileShape): Uint8Array {
    const strings = this.#strings;
    const type = ([name, unit]: readonly [string, string]) =>
      new ValueType({ type: strings.dedup(name), unit: strings.dedup(unit) });
    return new Profile({
      sampleType: shape.sampleTypes.map(type),
      sample: this.#samples,
      // One that claims to have names: else `go tool pprof` looks for a binary.
      mapping: [
        new Mapping({
          id: 1,
          filename: strings.dedup('floodgate-agent'),
          hasFunctions: true,
          hasFilenames: true,
          hasLineNumbers: true,
        }),
      ],
      location: [...this.#locations.values()],
      function: [...this.#functions.values()],
      stringTable: strings,
      timeNanos: BigInt(Math.round(shape.timeMs)) * 1_000_000n,
      durationNanos: BigInt(Math.round(shape.durationMs)) * 1_000_000n,
      periodType: type(shape.periodType),
      period: shape.period,
    }).encode();
  }

  #function(frame: CallFrame, key: string): number {
    let code = this.#functions.get(key);
    if (code === undefined) {
      const name = this.#strings.dedup(frame.functionName || '(anonymous)');
      const filename = this.#strings.dedup(frame.url.replace(/^file:\/\//, ''));
      const startLine = Math.max(0, frame.lineNumber + 1);
      code = new Code({ id: this.#functions.size + 1, name, systemName: name, filename, startLine });
      this.#functions.set(key, code);
    }
    return Number(code.id);
  }
}
