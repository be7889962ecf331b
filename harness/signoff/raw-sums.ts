/**
 * Sums of allocation, made again of the collections and of what lay on the heap: between two moments so much was allocated as lies there
 * more, and was freed. Of young objects to the byte, as the sum is made of the same (`preload/allocation.ts`). Pure.
 */
import type { SumParts } from '../preload/options.ts';
import type { Measurement } from '../report/measurement.ts';
import { eventsMax } from '../watch/preload-channel.ts';
import { handleBytes, hasEachReading, isV8, listedBytes, oldSpaces, pageBytes } from './raw-marks.ts';
import { column, largest } from './raw-memory.ts';

type Pass = Measurement['pass'];
type Channel = Pass['channel'];
type Collection = Channel['gc'][number];

/**
 * Of what began old the sum leaves out up to a page in each space and collection: less cannot be seen. It may have more where V8 sweeps
 * late, so that less lies there than before and nothing was collected.
 */
const leftOutBytes = oldSpaces * pageBytes;
/** What is swept late is garbage of any amount: 600 KiB of a heap of 14 MB was seen, where nothing but young objects had been collected. */
const sweptBytes = 1 << 20;
const sweptShare = 0.1;
/** An isolate has 848 KiB of young objects when its sums begin, an older Node.js more. */
const firstBytes = 4 << 20;
/** The heap of a thread holds 4 MiB and more: what a reading has beyond the main thread's is nothing, or at least so much. */
const threadBytes = 2 << 20;
/** A reading takes 36 to 60 KiB of young objects over many, half of that again in room. */
const readingBytes = 96 << 10;
/** And 36 KiB at least; at each mark there is one, whose sums the next mark has. */
const readingLeast = 16 << 10;
/** Single ones take more: 500 KiB with V8's other collector of young objects (`--minor-ms`). */
const roomBytes = 384 << 10;

const partNames: readonly (keyof SumParts)[] = [
  ...(['collections', 'freedByUs', 'freedByUsYoung', 'lying', 'lyingYoung'] as const),
  ...(['allocated', 'allocatedYoung', 'own', 'ownYoung'] as const),
];

/** Of the main thread: at each mark, and at the end. */
export function sumsFault({ pass }: Measurement): string | undefined {
  const { marks, last, gc } = pass.channel;
  // Nothing but V8 is marked.
  const isKnown = marks.length > 0 || isV8(pass.channel);
  if (pass.lane !== 'load' || !isKnown || !last) return undefined;
  const lines = [...marks, last];
  const parts = lines.flatMap((line) => (isParts(line.parts) ? [line.parts] : []));
  const areWhole = gc.every(({ youngBefore, youngAfter }) => youngBefore !== undefined && youngAfter !== undefined);
  if (parts.length < lines.length || !areWhole) return 'it does not say what its sums of allocation were made of';
  if (
    gc.some(
      ({ youngBefore, usedBefore, youngAfter, usedAfter }) => youngBefore! > usedBefore || youngAfter! > usedAfter,
    )
  )
    return 'more young objects lay on its heap than objects';
  return saidFault(pass, parts) ?? madeFault(pass, parts) ?? ownPartsFault(pass, parts) ?? besideFault(pass);
}

function isParts(parts: SumParts | undefined): parts is SumParts {
  return (
    parts !== undefined &&
    Object.keys(parts).length === partNames.length &&
    partNames.every((name) => Number.isSafeInteger(parts[name])) &&
    parts.lyingYoung <= parts.lying &&
    parts.allocatedYoung <= parts.allocated
  );
}

/** Marks and the last reading are what their parts say, without what readings took; marks may hold what others allocated. */
function saidFault({ channel: { marks, last }, elsewhere }: Pass, parts: readonly SumParts[]): string | undefined {
  const isCounted = elsewhere?.isCounted === true;
  const isOther = marks.some(({ allocated, allocatedYoung }, at) => {
    const { own, ownYoung, ...all } = parts[at]!;
    const others = allocated - (all.allocated - own);
    return allocatedYoung !== all.allocatedYoung - ownYoung || (isCounted ? others < 0 : others !== 0);
  });
  const end = parts.at(-1)!;
  return isOther || last!.ownAllocated !== end.own || last!.allocated < end.allocated
    ? 'what was allocated is not what its parts say'
    : undefined;
}

/** From its beginning, and from each of these moments to any later one. */
function madeFault(pass: Pass, parts: readonly SumParts[]): string | undefined {
  const { gc } = pass.channel;
  if (gc.length >= eventsMax) return undefined;
  const made = new MadeAgain(gc);
  const [first] = parts;
  const heapBytes = largest(column(pass.channel.v8, 'heapTotal'));
  const slackBytes = sweptBytes + sweptShare * heapBytes;
  let mostLeftOut = Number.NEGATIVE_INFINITY;
  let mostBytes = Number.POSITIVE_INFINITY;
  let start: number | undefined;
  for (const [at, part] of parts.entries()) {
    if (part.collections < (parts[at - 1]?.collections ?? 0) || part.collections > gc.length)
      return 'its sums of allocation count other collections';
    // What we free is freed before the first mark.
    if (part.freedByUs !== first!.freedByUs || part.freedByUsYoung !== first!.freedByUsYoung)
      return 'its heap was collected by floodgate among its requests';
    if (part.freedByUs > heapBytes) return 'floodgate freed more of its heap than there was';
    const { young, all } = made.by(part);
    const beyondYoung = part.allocatedYoung - young;
    start ??= beyondYoung;
    if (beyondYoung !== start || start > 0 || start < -firstBytes)
      return 'young objects were allocated that its heap and its collections do not have, or fewer';
    const beyondOld = part.allocated - part.allocatedYoung - (all - young);
    mostBytes = Math.min(mostBytes, beyondOld);
    mostLeftOut = Math.max(mostLeftOut, beyondOld + part.collections * leftOutBytes);
    if (
      Math.max(beyondOld, beyondOld - mostBytes) > slackBytes ||
      beyondOld + (part.collections + 1) * leftOutBytes < mostLeftOut
    )
      return 'old objects were allocated that its heap and its collections do not have, or fewer';
  }
  return undefined;
}

/** What lies on the heap, and what collections have freed. */
class MadeAgain {
  readonly #gc: readonly Collection[];
  #counted = 0;
  #freed = 0;
  #freedYoung = 0;

  constructor(gc: readonly Collection[]) {
    this.#gc = gc;
  }

  by({ collections, lying, lyingYoung, freedByUs, freedByUsYoung }: SumParts): { young: number; all: number } {
    for (; this.#counted < collections; this.#counted += 1) {
      const { usedBefore, usedAfter, youngBefore = 0, youngAfter = 0 } = this.#gc[this.#counted]!;
      this.#freed += usedBefore - usedAfter;
      this.#freedYoung += youngBefore - youngAfter;
    }
    return { young: lyingYoung + this.#freedYoung + freedByUsYoung, all: lying + this.#freed + freedByUs };
  }
}

/** The reading beside a mark is of the same heap, and of those of threads. */
function besideFault(pass: Pass): string | undefined {
  const { marks, last, v8 } = pass.channel;
  if (!hasEachReading(pass)) return undefined;
  const used = column(v8, 'heapUsed');
  const isSame = (lying: number) => (bytes: number | null) => bytes === lying || (bytes ?? 0) - lying >= threadBytes;
  const isOther = [...marks, last!].some(({ tMs, parts }, at) => {
    const untilMs = marks[at + 1]?.tMs ?? Number.POSITIVE_INFINITY;
    const beside = used.filter((_, row) => v8.tMs[row]! >= tMs && v8.tMs[row]! <= untilMs);
    // One that was the last thing a process did has none.
    return beside.length > 0 && !beside.some(isSame(parts!.lying));
  });
  return isOther ? 'the reading beside a mark is of another heap' : undefined;
}

/**
 * From the first mark on, where more is known than of a whole run (`raw-marks.ts`): a reading takes so much, and more for each collection that
 * it lists; all of it young, since an old page that is begun meanwhile is none of the reading's.
 */
function ownPartsFault(pass: Pass, parts: readonly SumParts[]): string | undefined {
  const { marks, last, v8 } = pass.channel;
  const [first] = parts;
  const isSame = marks.some((_, at) => at > 0 && parts[at]!.own - parts[at - 1]!.own < readingLeast);
  if (isSame) return 'two of its marks are of one reading';
  if (!hasEachReading(pass) || marks.length === 0) return undefined;
  const ofEach = readingBytes + handleBytes * largest(column(v8, 'handles'));
  const isMore = [...marks, last!].some(({ tMs }, at) => {
    const { own, ownYoung, collections } = parts[at]!;
    const listed = collections - first!.collections;
    const readings = v8.tMs.filter((ms) => ms >= marks[0]!.tMs && ms <= tMs).length;
    const young = ownYoung - first!.ownYoung;
    return own !== ownYoung || young > readings * ofEach + listed * listedBytes + roomBytes;
  });
  return isMore ? 'its readings allocated more than readings do' : undefined;
}
