/**
 * Regular expressions without backtracking, first half: text → program. What cannot be matched in one pass over the
 * text (references back, looking ahead or behind) is no part of the language and refused, so that no expression and no
 * hostile text can make a match slow. Source: Thompson, "Regular Expression Search Algorithm", CACM 11 (1968).
 */

/** What an instruction does. */
export const Op = { set: 0, split: 1, start: 2, end: 3, match: 4 } as const;

/** Instructions as parallel lists: `x` is the set's number or the first way, `y` the second way. */
export interface Program {
  readonly ops: number[];
  readonly x: number[];
  readonly y: number[];
  /** 256 flags each. */
  readonly sets: Uint8Array[];
}

/** Instructions of one expression: `{m,n}` writes its operand n times. */
export const instructionsMax = 512;
const charactersMax = 1024;
const repeatMax = 100;
/** Parentheses within parentheses: they are read recursively. */
const depthMax = 32;

/** Why an expression was not taken; the message is for its author. */
export class ExpressionError extends Error {}

/** One piece of program with a single way in and one way out, written when its place is known. */
type Piece = (out: Writer) => void;

class Writer implements Program {
  readonly ops: number[] = [];
  readonly x: number[] = [];
  readonly y: number[] = [];
  readonly sets: Uint8Array[] = [];
  #steps = 0;

  put(op: number, x = 0, y = 0): number {
    if (this.ops.length >= instructionsMax) throw new ExpressionError('it is too large: repeat less');
    this.ops.push(op);
    this.x.push(x);
    this.y.push(y);
    return this.ops.length - 1;
  }

  get next(): number {
    return this.ops.length;
  }

  /** Repeating nothing writes nothing, but takes its time. */
  step(): void {
    this.#steps += 1;
    if (this.#steps > instructionsMax * 8) throw new ExpressionError('it is too large: repeat less');
  }
}

/**
 * Every instruction but a split goes on to the next one.
 * @param text characters beyond ASCII stand for their bytes in UTF-8
 * @throws ExpressionError
 */
export function compileExpression(text: string, ignoreCase: boolean): Program {
  if (text.length > charactersMax) throw new ExpressionError(`it has more than ${charactersMax} characters`);
  const piece = new Parser(Buffer.from(text, 'utf8').toString('latin1'), ignoreCase).parse();
  const out = new Writer();
  piece(out);
  out.put(Op.match);
  return out;
}

const sequence =
  (pieces: readonly Piece[]): Piece =>
  (out) => {
    for (const piece of pieces) {
      out.step();
      piece(out);
    }
  };

function either(a: Piece, b: Piece): Piece {
  return (out) => {
    const split = out.put(Op.split);
    out.x[split] = out.next;
    a(out);
    // A split whose ways are the same one is a jump.
    const jump = out.put(Op.split);
    out.y[split] = out.next;
    b(out);
    out.x[jump] = out.next;
    out.y[jump] = out.next;
  };
}

function optional(piece: Piece): Piece {
  return (out) => {
    const split = out.put(Op.split);
    out.x[split] = out.next;
    piece(out);
    out.y[split] = out.next;
  };
}

function anyNumber(piece: Piece): Piece {
  return (out) => {
    const split = out.put(Op.split);
    out.x[split] = out.next;
    piece(out);
    out.put(Op.split, split, split);
    out.y[split] = out.next;
  };
}

function repeated(piece: Piece, min: number, max: number): Piece {
  const pieces: Piece[] = Array.from({ length: min }, () => piece);
  if (max === Number.POSITIVE_INFINITY) pieces.push(anyNumber(piece));
  else for (let i = min; i < max; i += 1) pieces.push(optional(piece));
  return sequence(pieces);
}

const setOf = (wanted: (code: number) => boolean): Uint8Array =>
  Uint8Array.from({ length: 256 }, (_, code) => (wanted(code) ? 1 : 0));
const digit = setOf((c) => c >= 48 && c <= 57);
const word = setOf((c) => /\w/.test(String.fromCharCode(c)));
const space = setOf((c) => c === 32 || (c >= 9 && c <= 13));
const inverse = (set: Uint8Array): Uint8Array => set.map((flag) => 1 - flag);
const shorthands: Record<string, Uint8Array> = {
  d: digit,
  D: inverse(digit),
  w: word,
  W: inverse(word),
  s: space,
  S: inverse(space),
};
const controls: Record<string, number> = { n: 10, r: 13, t: 9, f: 12, v: 11 };

class Parser {
  readonly #text: string;
  readonly #ignoreCase: boolean;
  #at = 0;
  #depth = 0;

  constructor(text: string, ignoreCase: boolean) {
    this.#text = text;
    this.#ignoreCase = ignoreCase;
  }

  parse(): Piece {
    const piece = this.#alternatives();
    if (this.#at < this.#text.length) throw new ExpressionError('a ) has no (');
    return piece;
  }

  get #here(): string {
    return this.#text[this.#at] ?? '';
  }

  #take(expected: string): boolean {
    if (this.#here !== expected) return false;
    this.#at += 1;
    return true;
  }

  #alternatives(): Piece {
    let piece = this.#sequence();
    while (this.#take('|')) piece = either(piece, this.#sequence());
    return piece;
  }

  #sequence(): Piece {
    const pieces: Piece[] = [];
    while (this.#here !== '' && this.#here !== '|' && this.#here !== ')') pieces.push(this.#repeated());
    return sequence(pieces);
  }

  #repeated(): Piece {
    const from = this.#at;
    const piece = this.#atom();
    const isAnchor = this.#at === from + 1 && (this.#text[from] === '^' || this.#text[from] === '$');
    const bounds = this.#quantifier();
    if (bounds === null) return piece;
    if (isAnchor) throw new ExpressionError(`${this.#text[from]} cannot be repeated`);
    // Whether few or many are preferred makes no difference to whether there is a match.
    this.#take('?');
    if ('*+?{'.includes(this.#here) && this.#here !== '') {
      throw new ExpressionError(`${this.#here} has nothing before it that it could repeat`);
    }
    return repeated(piece, bounds[0], bounds[1]);
  }

  #quantifier(): [number, number] | null {
    if (this.#take('*')) return [0, Number.POSITIVE_INFINITY];
    if (this.#take('+')) return [1, Number.POSITIVE_INFINITY];
    if (this.#take('?')) return [0, 1];
    if (this.#here !== '{') return null;
    const found = /^\{(\d{1,3})(,(\d{0,3}))?\}/.exec(this.#text.slice(this.#at, this.#at + 9));
    if (found === null) throw new ExpressionError('a { that repeats nothing is written \\{');
    this.#at += found[0].length;
    const min = Number(found[1]);
    const max = found[2] === undefined ? min : found[3] === '' ? Number.POSITIVE_INFINITY : Number(found[3]);
    if (min > repeatMax || (max > repeatMax && max !== Number.POSITIVE_INFINITY)) {
      throw new ExpressionError(`{m,n} goes up to ${repeatMax}`);
    }
    if (max < min) throw new ExpressionError(`${found[0]} is empty`);
    return [min, max];
  }

  #atom(): Piece {
    const character = this.#here;
    this.#at += 1;
    switch (character) {
      case '(':
        return this.#group();
      case '[':
        return this.#set(this.#bracket());
      case '.':
        return this.#set(setOf(() => true));
      case '^':
        return (out) => void out.put(Op.start);
      case '$':
        return (out) => void out.put(Op.end);
      case '\\':
        return this.#set(this.#escape());
      case '*':
      case '+':
      case '?':
      case '{':
        throw new ExpressionError(`${character} has nothing before it that it could repeat`);
      default:
        return this.#character(character);
    }
  }

  /** A character, or the bytes of one in UTF-8, which belong together. */
  #character(first: string): Piece {
    const pieces = [this.#set(setOf((code) => code === first.charCodeAt(0)))];
    if (first >= '\xc0') {
      while (this.#here >= '\x80' && this.#here < '\xc0') {
        const code = this.#here.charCodeAt(0);
        pieces.push(this.#set(setOf((each) => each === code)));
        this.#at += 1;
      }
    }
    return sequence(pieces);
  }

  #group(): Piece {
    if (this.#here === '?' && !this.#text.startsWith('?:', this.#at)) {
      throw new ExpressionError('of the (?…) there is only (?:…)');
    }
    if (this.#here === '?') this.#at += 2;
    this.#depth += 1;
    if (this.#depth > depthMax) throw new ExpressionError(`more than ${depthMax} parentheses within each other`);
    const piece = this.#alternatives();
    this.#depth -= 1;
    if (!this.#take(')')) throw new ExpressionError('a ( has no )');
    return piece;
  }

  #escape(): Uint8Array {
    const character = this.#here;
    this.#at += 1;
    if (shorthands[character] !== undefined) return shorthands[character];
    if (controls[character] !== undefined) return setOf((code) => code === controls[character]);
    if (character === 'x') {
      const digits = this.#text.slice(this.#at, this.#at + 2);
      if (!/^[0-9a-f]{2}$/i.test(digits)) throw new ExpressionError('two hexadecimal digits go behind \\x');
      this.#at += 2;
      return setOf((code) => code === Number.parseInt(digits, 16));
    }
    if (character === '' || /[\w\x80-\xff]/.test(character)) {
      throw new ExpressionError(`there is no \\${character === '' || character > '~' ? '' : character}`);
    }
    return setOf((code) => code === character.charCodeAt(0));
  }

  #bracket(): Uint8Array {
    const isInverse = this.#take('^');
    const set = new Uint8Array(256);
    for (let isFirst = true; isFirst || this.#here !== ']'; isFirst = false) {
      if (this.#here === '') throw new ExpressionError('a [ has no ]');
      const from = this.#member();
      if (from.length !== 1 || this.#here !== '-' || this.#text[this.#at + 1] === ']') {
        for (const code of from) set[code] = 1;
        continue;
      }
      this.#at += 1;
      const to = this.#member();
      if (to.length !== 1 || to[0]! < from[0]!) throw new ExpressionError('a range in [ ] ends before it begins');
      set.fill(1, from[0]!, to[0]! + 1);
    }
    this.#at += 1;
    // Before it is turned over: [^a] without case is neither a nor A.
    return isInverse ? inverse(this.#folded(set)) : set;
  }

  /** Characters that one member of a [ ] stands for. */
  #member(): number[] {
    const character = this.#here;
    if (character === '') throw new ExpressionError('a [ has no ]');
    if (character > '\x7f') throw new ExpressionError('in [ ] there is only ASCII');
    this.#at += 1;
    if (character !== '\\') return [character.charCodeAt(0)];
    const set = this.#escape();
    return [...set.keys()].filter((code) => set[code] === 1);
  }

  #set(set: Uint8Array): Piece {
    const folded = this.#folded(set);
    return (out) => {
      out.sets.push(folded);
      out.put(Op.set, out.sets.length - 1);
    };
  }

  #folded(set: Uint8Array): Uint8Array {
    if (!this.#ignoreCase) return set;
    const folded = set.slice();
    for (let upper = 65; upper <= 90; upper += 1) {
      if (set[upper] === 1 || set[upper + 32] === 1) {
        folded[upper] = 1;
        folded[upper + 32] = 1;
      }
    }
    return folded;
  }
}
