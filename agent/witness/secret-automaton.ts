/**
 * Matches one rule's expression at one place of a text: the program of `agent/witness/rule-expression.ts`, followed in all its
 * ways at once. Linear: no character is looked at twice, and nothing is kept between calls.
 * Source: Thompson, "Regular Expression Search Algorithm", CACM 11 (1968).
 */
import { compileExpression, instructionsMax, Op, type Program } from './rule-expression.ts';

/** Rules match less: what a longer text has in it is redacted with the rest of its word. */
const CHARACTERS_MAX = 1024;

/** Places in the program that wait for the present character and for the next one: one match at a time uses them. */
let here = new Uint16Array(instructionsMax + 1);
let next = new Uint16Array(instructionsMax + 1);
let nextCount = 0;
/** The step in which a place was put last: no place is put twice in one. */
const marks = new Uint32Array(instructionsMax + 1);
let step = 0;

export class RuleAutomaton {
  readonly #text: string;
  #program: Program | null = null;

  /** @param text compiled when it is first asked for: most rules never are */
  constructor(text: string) {
    this.#text = text;
  }

  /** Where the shortest match that begins at `from` ends; −1 if none does. */
  matchEnd(text: string, from: number): number {
    return this.#run(text, from, Math.min(text.length, from + CHARACTERS_MAX), false);
  }

  /** Whether it is the whole text. */
  isWhole(text: string): boolean {
    return text.length <= CHARACTERS_MAX && this.#run(text, 0, text.length, true) === text.length;
  }

  #run(text: string, from: number, to: number, whole: boolean): number {
    const program = (this.#program ??= compileExpression(this.#text, false));
    const { ops, x, sets } = program;
    const match = ops.length - 1;
    this.#begin();
    this.#enter(program, 0);
    for (let at = from; ; at += 1) {
      const isMatch = marks[match] === step;
      if (isMatch && (!whole || at === to)) return at;
      if (at >= to || nextCount === 0) return -1;
      [here, next] = [next, here];
      const count = nextCount;
      const code = text.charCodeAt(at);
      this.#begin();
      for (let i = 0; i < count; i += 1) {
        const place = here[i]!;
        if (ops[place] === Op.set && sets[x[place]!]![code < 256 ? code : 255] === 1) this.#enter(program, place + 1);
      }
    }
  }

  #begin(): void {
    nextCount = 0;
    step += 1;
    if (step < 0xffffffff) return;
    marks.fill(0);
    step = 1;
  }

  /** Puts an instruction and all that are reached from it without a character. */
  #enter(program: Program, place: number): void {
    const { ops, x, y } = program;
    for (let at = place; marks[at] !== step; ) {
      marks[at] = step;
      if (ops[at] !== Op.split) {
        next[nextCount] = at;
        nextCount += 1;
        return;
      }
      if (y[at] !== x[at]) this.#enter(program, y[at]!);
      at = x[at]!;
    }
  }
}
