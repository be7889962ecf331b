/**
 * Regular expressions without backtracking, second half: program × text → yes or no, in one pass (hot path: a table
 * look-up a character). The automaton's states are made when they are first needed and kept in a bounded table.
 */
import { compileExpression, Op, type Program } from './expression-program.ts';

/** States kept; when there are more, all are forgotten and made anew: slower, never larger. */
const statesMax = 128;
/** Not made yet. */
const unknown = -1;

interface State {
  /** Instructions that wait here, ascending. */
  readonly places: Uint16Array;
  readonly isMatch: boolean;
  /** Were the text over here, it would match. */
  readonly isMatchAtEnd: boolean;
}

/** Memory: at most `statesMax` × (512 instructions × 2 + 256 classes × 2) = 200 KB, a few KB in practice. */
export class Expression {
  readonly text: string;
  readonly #program: Program;
  /** Characters that no set tells apart are one class. */
  readonly #classes: Uint8Array;
  readonly #classCount: number;
  /** A character of each class. */
  readonly #samples: number[];
  readonly #states: State[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #next: Int16Array;
  /** Which instructions are in the state being made. */
  readonly #marks: Uint8Array;

  /** @throws ExpressionError in words for its author. */
  constructor(text: string, ignoreCase = false) {
    this.text = text;
    this.#program = compileExpression(text, ignoreCase);
    const { classes, samples } = classify(this.#program.sets);
    this.#classes = classes;
    this.#samples = samples;
    this.#classCount = samples.length;
    this.#next = new Int16Array(statesMax * this.#classCount);
    this.#marks = new Uint8Array(this.#program.ops.length);
    this.#reset();
  }

  /** Whether it matches somewhere in the first `lengthMax` bytes. @param text one character a byte (latin1) */
  test(text: string, lengthMax: number): boolean {
    const classes = this.#classes;
    const next = this.#next;
    const count = this.#classCount;
    const length = Math.min(text.length, lengthMax);
    let state = 0;
    for (let i = 0; i < length; i += 1) {
      if (this.#states[state]!.isMatch) return true;
      const kind = classes[text.charCodeAt(i) & 0xff]!;
      const known = next[state * count + kind]!;
      state = known === unknown ? this.#step(state, kind) : known;
    }
    const { isMatch, isMatchAtEnd } = this.#states[state]!;
    return isMatch || isMatchAtEnd;
  }

  #reset(): void {
    this.#states.length = 0;
    this.#numbers.clear();
    this.#next.fill(unknown);
    this.#marks.fill(0);
    this.#enter(0, true);
    this.#number(true);
  }

  #step(state: number, kind: number): number {
    const { ops, x, sets } = this.#program;
    const sample = this.#samples[kind]!;
    this.#marks.fill(0);
    for (const place of this.#states[state]!.places) {
      if (ops[place] === Op.set && sets[x[place]!]![sample] === 1) this.#enter(place + 1, false);
    }
    // A match may begin anywhere.
    this.#enter(0, false);
    if (this.#states.length >= statesMax) {
      const marks = this.#marks.slice();
      this.#reset();
      this.#marks.set(marks);
      return this.#number(false);
    }
    const result = this.#number(false);
    this.#next[state * this.#classCount + kind] = result;
    return result;
  }

  /** Marks an instruction and all that are reached from it without a character. */
  #enter(place: number, atStart: boolean, atEnd = false): void {
    const { ops, x, y } = this.#program;
    const waiting = [place];
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      if (this.#marks[at] === 1) continue;
      this.#marks[at] = 1;
      const op = ops[at];
      if (op === Op.split) waiting.push(x[at]!, y[at]!);
      else if ((op === Op.start && atStart) || (op === Op.end && atEnd)) waiting.push(at + 1);
    }
  }

  /** The number of the state whose instructions are marked; made if it is new. */
  #number(atStart: boolean): number {
    const { ops } = this.#program;
    const places: number[] = [];
    for (let i = 0; i < ops.length; i += 1) {
      if (this.#marks[i] === 1 && (ops[i] === Op.set || ops[i] === Op.end || ops[i] === Op.match)) places.push(i);
    }
    // The first state is none that could come again: only there ^ holds.
    const key = atStart ? '' : String.fromCharCode(1, ...places);
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const match = ops.length - 1;
    const isMatch = this.#marks[match] === 1;
    if (!isMatch) {
      const ends = places.filter((place) => ops[place] === Op.end);
      for (const end of ends) this.#marks[end] = 0;
      for (const end of ends) this.#enter(end, atStart, true);
    }
    const isMatchAtEnd = this.#marks[match] === 1;
    this.#states.push({ places: Uint16Array.from(places), isMatch, isMatchAtEnd });
    this.#numbers.set(key, this.#states.length - 1);
    return this.#states.length - 1;
  }
}

function classify(sets: readonly Uint8Array[]): { classes: Uint8Array; samples: number[] } {
  const classes = new Uint8Array(256);
  const samples: number[] = [];
  const known = new Map<string, number>();
  for (let code = 0; code < 256; code += 1) {
    const signature = sets.map((set) => set[code]).join('');
    let kind = known.get(signature);
    if (kind === undefined) {
      kind = samples.length;
      known.set(signature, kind);
      samples.push(code);
    }
    classes[code] = kind;
  }
  return { classes, samples };
}
