/** What the reading thread and its owner share: see `level-sampler.ts`. */

export interface LevelMemory {
  readonly shared: SharedArrayBuffer;
}

/** A reading a millisecond: 4.4 minutes at full resolution, 6 MB. */
const readingsMax = 262_144;
/** How many readings there are; whether to stop; whether the thread has ended; whether it has begun. */
const controlCells = 4;
const controlBytes = controlCells * Int32Array.BYTES_PER_ELEMENT;
const columnBytes = readingsMax * Float64Array.BYTES_PER_ELEMENT;

export function newLevelMemory(): LevelMemory {
  return { shared: new SharedArrayBuffer(controlBytes + 3 * columnBytes) };
}

export function levelCells(shared: SharedArrayBuffer): {
  readonly control: Int32Array;
  readonly tMs: Float64Array;
  readonly bytes: Float64Array;
  /** Of `bytes`, what lies in no file. */
  readonly ownBytes: Float64Array;
} {
  return {
    control: new Int32Array(shared, 0, controlCells),
    tMs: new Float64Array(shared, controlBytes, readingsMax),
    bytes: new Float64Array(shared, controlBytes + columnBytes, readingsMax),
    ownBytes: new Float64Array(shared, controlBytes + 2 * columnBytes, readingsMax),
  };
}
