/**
 * JSON bodies straight to what leaves the agent (hot path: every byte of nearly every JSON body). One pass over the text makes,
 * value by value, the formats, the obfuscation and the digests, and notes the values on a tape; a second one along the tape writes
 * the binary form (`encoder.ts`). What is rare is asked of JavaScript (`host.ts`): names not seen before, formats that take an
 * expression, what may be a secret.
 *
 * It takes plain JSON in UTF-8 and declines the rest, which then goes the way of all values (reader, tree, obfuscator, generated
 * digest, generated encoder): faults, several documents, names that repeat, strings that are cut. A text with more values than
 * the tape has room for is read in parts (`parts.ts`), and so is one that is longer: there the last of the members of one name counts,
 * as for everybody who decodes the value. What it takes comes out byte for byte as it would that way (json-sealer.test.ts), but for
 * members before that last one.
 */
import { byteAt, isDigit } from '../bytes.ts';
import { hash } from '../digest/xxh64.ts';
import { CLOSE_LIST, CLOSE_OBJECT, COMMA, MINUS, OPEN_LIST, OPEN_OBJECT, QUOTE, skipSpace } from './characters.ts';
import {
  bareFormatted,
  bareInteger,
  bareList,
  bareStruct,
  bareText,
  digestList,
  digestStruct,
  finishDigests,
  resetDigests,
} from './digests.ts';
import { encode, encodeEntries } from './encoder.ts';
import { formatOf } from './formats.ts';
import { FRAME_FLAGS, FRAME_NAME, FRAME_NAMING_COUNT, FRAME_OUT } from './frames.ts';
import { addFields, addValue, beginHead, headChanged, headCharacters, headEntriesEnd, headPairsEnd } from './heads.ts';
import {
  CONSTANT_EMPTY_LIST,
  CONSTANT_EMPTY_STRUCT,
  DEPTH_MAX,
  DIGESTS_AT,
  FOUND_END,
  FOUND_FULL,
  FOUND_NOTHING,
  FRAME_BASE,
  FRAME_BYTES,
  FRAME_IS_SPILLED,
  FRAMES_AT,
  KEY_IS_NAMING,
  KEY_IS_SECRET,
  KEY_IS_VALUE,
  OP_BEGIN_LIST,
  OP_BEGIN_OBJECT,
  OP_END_LIST,
  OP_END_OBJECT,
  PLAIN_AT,
  PLAIN_END,
  RECORD_BYTES,
  RECORDS_MAX,
  SEALED_VALUES_MAX,
  TAPE_AT,
  TEXT_AT,
  UNDER,
} from './layout.generated.ts';
import { mayListSecret, name, namesSecret, noteNaming } from './names.ts';
import { number } from './numbers.ts';
import { beginFrame, endSpilled, keepResumed, settle, takeResumed } from './parts.ts';
import { mayHoldSecret } from './secrets.ts';
import { note, State, Step, Tape } from './state.ts';
import { string } from './strings.ts';
import { finished, text, word } from './values.ts';

/** A step needs no more: a member, and the ends of containers behind it. */
const TAPE_FULL: i32 = TAPE_AT + (RECORDS_MAX - 2 * DEPTH_MAX) * RECORD_BYTES;
/** … nor more than a value's digest, or the frame of a container. */
const DIGESTS_FULL: i32 = FRAMES_AT - 64;
/** Half of the room is for the value at hand: a text that is redacted. */
const PLAIN_FULL: i32 = PLAIN_AT + (PLAIN_END - PLAIN_AT) / 2;

/**
 * A text in bytes[TEXT_AT, end): the field of Data that its root is, 0 when it is declined. Then the digest of the root's struct or
 * list lies at DIGESTS_AT, without its Data, and the tape holds its values.
 */
export function read(end: i32, redacts: bool, depthMax: i32, stringMax: i32): i32 {
  begin(redacts, depthMax, stringMax);
  Step.isKept = false;
  return run(end);
}

/** Begins a text of which the first part lies from TEXT_AT on. */
export function beginParts(redacts: bool, depthMax: i32, stringMax: i32): void {
  begin(redacts, depthMax, stringMax);
  Step.isKept = true;
}

/**
 * Reads on, in bytes[TEXT_AT, end): one of FOUND. `settle` is called next, and `endSpilled` where a container ends.
 */
export function resume(end: i32): i32 {
  State.allClasses = 0;
  const found = run(end);
  if (found === FOUND_NOTHING) {
    stepBack();
  }
  return found;
}

function begin(redacts: bool, depthMax: i32, stringMax: i32): void {
  State.redacts = redacts;
  State.depthMax = depthMax;
  State.stringMax = stringMax;
  State.repeated = false;
  State.plain = PLAIN_AT;
  State.redacted = 0;
  State.allClasses = 0;
  resetDigests();
  Tape.end = TAPE_AT;
  Step.isBehind = false;
  Step.at = TEXT_AT;
  Step.depth = 0;
  Step.top = DIGESTS_AT;
  Step.inObject = 0;
  Step.secretFrom = -1;
  Step.frame = FRAMES_AT - FRAME_BYTES;
}

function keepStep(isBehind: bool, at: i32, depth: i32, top: i32, inObject: i32, secretFrom: i32, frame: i32): void {
  Step.isBehind = isBehind;
  Step.at = at;
  Step.depth = depth;
  Step.top = top;
  Step.inObject = inObject;
  Step.secretFrom = secretFrom;
  Step.frame = frame;
  Step.tape = Tape.end;
  Step.plain = State.plain;
  Step.redacted = State.redacted;
  Step.namings = load<i32>(frame + FRAME_NAMING_COUNT);
  Step.tagAt = 0;
}

/** Whatever was read since the last step is undone. */
function stepBack(): void {
  Tape.end = Step.tape;
  State.plain = Step.plain;
  State.redacted = Step.redacted;
  if (Step.depth > 0) {
    store<i32>(Step.frame + FRAME_NAMING_COUNT, Step.namings);
  }
  if (Step.tagAt >= Step.at) {
    store<u8>(Step.tagAt, Step.tagged);
  }
}

/** Reads from the step that is kept. */
function run(end: i32): i32 {
  // Sentinels: every scan ends here, also one that takes the first of them for the start of a string, or of an escape.
  store<i64>(end, 0x2222222222222222);
  const isKept = Step.isKept;
  let isBehind = Step.isBehind;
  let at = skipSpace(Step.at);
  let depth = Step.depth;
  let top = Step.top;
  let inObject = Step.inObject;
  let secretFrom = Step.secretFrom;
  let frame = Step.frame;
  let values = 0;
  if (isKept) {
    keepStep(isBehind, at, depth, top, inObject, secretFrom, frame);
  }
  if (depth === 0) {
    const root = byteAt(at);
    if (root !== OPEN_OBJECT && root !== OPEN_LIST) {
      return 0;
    }
  }
  State.keyIs = 0;
  while (true) {
    let closed = 0;
    if (!isBehind) {
      // A value begins here, or a member.
      if (isKept) {
        keepStep(false, at, depth, top, inObject, secretFrom, frame);
        if (Tape.end > TAPE_FULL || top > DIGESTS_FULL || State.plain > PLAIN_FULL) {
          return FOUND_FULL;
        }
      } else {
        values += 1;
        if (values > SEALED_VALUES_MAX) {
          return 0;
        }
      }
      State.keyIs = 0;
      if (inObject) {
        at = name(at, end, top, frame);
        if (at === 0) {
          return 0;
        }
      }
      // Its digest goes to out.
      const out = top + (inObject << 3);
      const secret = secretFrom >= 0 || (State.keyIs & KEY_IS_SECRET) !== 0;
      const first = byteAt(at);
      if (first === QUOTE) {
        at = string(at + 1, end);
        if (at === 0) {
          return 0;
        }
        if ((State.keyIs & (KEY_IS_NAMING | KEY_IS_VALUE)) !== 0) {
          if (!noteNaming(frame)) {
            return 0;
          }
        }
        if (!text(out, secret)) {
          return 0;
        }
        top += 8 << inObject;
      } else if (first === OPEN_OBJECT || first === OPEN_LIST) {
        if (depth === State.depthMax || at >= end) {
          return 0;
        }
        if (secret && secretFrom < 0) {
          secretFrom = depth;
        }
        if ((State.keyIs & KEY_IS_VALUE) !== 0) {
          store<i32>(frame + FRAME_FLAGS, KEY_IS_VALUE);
        }
        const isObject = first === OPEN_OBJECT;
        at += 1;
        if (byteAt(at) <= 0x20) {
          at = skipSpace(at);
        }
        // Whether it is empty is not known yet.
        if (at >= end) {
          return 0;
        }
        let under = 0;
        if (depth > 0) {
          under = load<i32>(frame + FRAME_NAME);
        }
        if (inObject === 0 && depth > 0) {
          under -= UNDER;
        }
        frame += FRAME_BYTES;
        top = out + 16;
        store<i32>(frame + FRAME_OUT, out);
        store<i32>(frame + FRAME_BASE, isObject ? top : -top);
        store<i32>(frame + FRAME_FLAGS, 0);
        store<i32>(frame + FRAME_NAMING_COUNT, 0);
        store<i32>(frame + FRAME_NAME, under + UNDER);
        // A root that is read in parts is never whole on the tape.
        const isSpilled = isKept && depth === 0;
        if (isKept) {
          beginFrame(frame, isSpilled);
        }
        if (!isSpilled) {
          note(isObject ? OP_BEGIN_OBJECT : OP_BEGIN_LIST, 0, 0);
        }
        depth += 1;
        closed = byteAt(at) === (isObject ? CLOSE_OBJECT : CLOSE_LIST);
        inObject = isObject;
        if (!closed) {
          continue;
        }
      } else {
        if ((State.keyIs & KEY_IS_VALUE) !== 0) {
          store<i32>(frame + FRAME_FLAGS, KEY_IS_VALUE);
        }
        if (first === MINUS || isDigit(first)) {
          at = number(at, out, secret);
        } else {
          at = word(at, out);
        }
        if (at === 0) {
          return 0;
        }
        top += 8 << inObject;
      }
    }
    isBehind = false;
    // A value is complete, or a container has no members: what comes next?
    while (true) {
      if (!closed) {
        let byte = byteAt(at);
        if (byte <= 0x20) {
          at = skipSpace(at);
          byte = byteAt(at);
        }
        if (byte === COMMA) {
          at += 1;
          if (byteAt(at) <= 0x20) {
            at = skipSpace(at);
          }
          break;
        }
        if (byte !== (inObject ? CLOSE_OBJECT : CLOSE_LIST)) {
          return 0;
        }
      }
      closed = 0;
      if (at >= end) {
        return 0;
      }
      if (isKept && load<i32>(frame + FRAME_IS_SPILLED) !== 0) {
        keepStep(true, at, depth, top, inObject, secretFrom, frame);
        return FOUND_END;
      }
      at += 1;
      depth -= 1;
      if (!close(frame, depth, top, secretFrom < 0)) {
        return 0;
      }
      if (secretFrom === depth) {
        secretFrom = -1;
      }
      if (depth === 0) {
        if (skipSpace(at) !== end) {
          return 0;
        }
        if (State.repeated) return 0;
        return load<i32>(frame + FRAME_BASE) > 0 ? 2 : 3;
      }
      top = load<i32>(frame + FRAME_OUT) + 8;
      frame -= FRAME_BYTES;
      inObject = load<i32>(frame + FRAME_BASE) > 0;
      if (isKept) {
        keepStep(true, at, depth, top, inObject, secretFrom, frame);
      }
    }
  }
}

/**
 * A container's digest to its slot: 0 to decline.
 * @param isShown it is in no container whose values are secrets
 */
function close(frame: i32, depth: i32, top: i32, isShown: i32): i32 {
  finishDigests();
  const out = load<i32>(frame + FRAME_OUT);
  let base = load<i32>(frame + FRAME_BASE);
  if (base > 0) {
    note(OP_END_OBJECT, 0, 0);
    if (isShown && (load<i32>(frame + FRAME_FLAGS) & KEY_IS_VALUE) !== 0) {
      if (namesSecret(frame)) {
        return 0;
      }
    }
    if (depth === 0) {
      // An empty struct is a message without fields.
      if (top === base) {
        return 0;
      }
      bareStruct(base, top, out);
    } else if (top === base) {
      finished(CONSTANT_EMPTY_STRUCT, out);
    } else {
      digestStruct(base, top, out);
    }
  } else {
    base = -base;
    if (isShown && State.redacts) {
      const count = (top - base) >>> 3;
      // A pair by itself, in a list of such.
      let isPair = count === 2 && depth > 0;
      if (isPair) {
        isPair = load<i32>(frame - (FRAME_BYTES - FRAME_BASE)) < 0;
      }
      if (mayListSecret(count, isPair)) {
        return 0;
      }
    }
    note(OP_END_LIST, 0, 0);
    if (depth === 0) {
      if (top === base) {
        return 0;
      }
      bareList(base, top, out);
    } else if (top === base) {
      finished(CONSTANT_EMPTY_LIST, out);
    } else {
      digestList(base, top, out);
    }
  }
  return 1;
}

/** Values of the last text that were redacted. */
export function redactedValues(): i32 {
  return State.redacted;
}

/** The classes of all characters of the last text's strings. */
export function classesRead(): i32 {
  return State.allClasses;
}

export {
  addFields,
  addValue,
  bareFormatted,
  bareInteger,
  bareText,
  beginHead,
  encode,
  encodeEntries,
  endSpilled,
  formatOf,
  hash,
  headChanged,
  headCharacters,
  headEntriesEnd,
  headPairsEnd,
  keepResumed,
  mayHoldSecret,
  settle,
  takeResumed,
};
