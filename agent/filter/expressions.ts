/**
 * Regular expressions of an operator, matched against text from the wire: by RE2's algorithm (package re2js), whose time is
 * linear in the text whatever the expression and the text are. Why a package, and what it costs: docs/decisions/expressions.md.
 */
import { RE2JS, RE2JSException, RE2Set } from 're2js';

/**
 * States of the automaton that a set keeps; past this it forgets them and makes them anew, and where that happens too often it
 * goes on without states: slower, never larger. A few KB in practice.
 */
const automatonBytesMax = 256 << 10;
/** Repeats may make 500 steps of two characters, and RE2 counts them only when they are made: 0.3 s and 140 MB at the most. */
const charactersMax = 512;
/** Of all expressions of a set: without states, each character of a text may visit each of them. */
const instructionsMax = 2048;

/** Why an expression was refused; the message is for its author. */
export class ExpressionError extends Error {}

/** Expressions that are matched together, in one pass over the text. */
export class Expressions {
  readonly #set: RE2Set;

  /**
   * @param texts RE2's syntax (https://github.com/google/re2/wiki/Syntax), where `.` also matches line ends
   * @throws ExpressionError
   */
  constructor(texts: readonly string[], { ignoreCase = false } = {}) {
    this.#set = compile(texts, ignoreCase);
  }

  /** Whether one of them matches somewhere in the first `lengthMax` bytes. @param text one character a byte (latin1) */
  test(text: string, lengthMax: number): boolean {
    const part = text.length > lengthMax ? text.slice(0, lengthMax) : text;
    return this.#set.match(beyondAscii.test(part) ? fromBytes(part) : part).length > 0;
  }
}

const beyondAscii = /[^\0-\x7f]/;

/** Bytes that are not UTF-8 become U+FFFD. */
function fromBytes(text: string): string {
  return Buffer.from(text, 'latin1').toString('utf8');
}

/** Each is measured alone before it joins the others: what is refused is refused at the first expression that is too large. */
function compile(texts: readonly string[], ignoreCase: boolean): RE2Set {
  let steps = 0;
  for (const text of texts) {
    if (text.length > charactersMax) throw new ExpressionError(`it has more than ${charactersMax} characters`);
    steps += compileSet([text], ignoreCase).prog.numInst();
    if (steps > instructionsMax) {
      const who = texts.length === 1 ? 'it is' : 'together they are';
      throw new ExpressionError(
        `${who} too large (at least ${steps} steps of at most ${instructionsMax}): repeat less`,
      );
    }
  }
  return compileSet(texts, ignoreCase);
}

function compileSet(texts: readonly string[], ignoreCase: boolean): RE2Set {
  const flags = RE2JS.DOTALL | (ignoreCase ? RE2JS.CASE_INSENSITIVE : 0);
  const set = new RE2Set(RE2Set.UNANCHORED, flags, automatonBytesMax);
  try {
    for (const text of texts) set.add(text);
    set.compile();
  } catch (cause) {
    if (!(cause instanceof RE2JSException)) throw cause;
    throw new ExpressionError(cause.message.replace(/^error parsing regexp: /, ''), { cause });
  }
  return set;
}
