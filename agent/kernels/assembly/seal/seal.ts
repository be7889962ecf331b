/**
 * JSON bodies straight to what leaves the agent (hot path: every byte of nearly every JSON body). One pass over the text makes,
 * value by value, the formats, the obfuscation and the digests, and notes the values on a tape; a second one along the tape writes
 * the binary form (`encoder.ts`). What is rare is asked of JavaScript (`host.ts`): names not seen before, formats that take an
 * expression, what may be a secret.
 *
 * It takes plain JSON in UTF-8 and declines the rest, which then goes the way of all values (reader, tree, obfuscator, generated
 * digest, generated encoder): faults, several documents, names that repeat, numbers whose type their spelling leaves open,
 * containers with very many members, strings that are cut, more values than a witness holds. What it takes comes out byte for
 * byte as it would that way (json-sealer.test.ts).
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
import { encode } from './encoder.ts';
import { formatOf } from './formats.ts';
import { FRAME_BASE, FRAME_FLAGS, FRAME_NAME, FRAME_NAMING_COUNT, FRAME_OUT } from './frames.ts';
import { addFields, addValue, beginHead, headChanged, headCharacters, headEntriesEnd, headPairsEnd } from './heads.ts';
import {
  CONSTANT_EMPTY_LIST,
  CONSTANT_EMPTY_STRUCT,
  DIGESTS_AT,
  FRAME_BYTES,
  FRAMES_AT,
  KEY_IS_NAMING,
  KEY_IS_SECRET,
  KEY_IS_VALUE,
  OP_BEGIN_LIST,
  OP_BEGIN_OBJECT,
  OP_END_LIST,
  OP_END_OBJECT,
  PLAIN_AT,
  SEALED_VALUES_MAX,
  TAPE_AT,
  TEXT_AT,
  UNDER,
} from './layout.generated.ts';
import { mayListSecret, name, namesSecret, noteNaming } from './names.ts';
import { number } from './numbers.ts';
import { mayHoldSecret } from './secrets.ts';
import { note, State, Tape } from './state.ts';
import { string } from './strings.ts';
import { finished, text, word } from './values.ts';

/** Objects with more members are declined: their members are sorted by insertion. */
const MEMBERS_MAX: i32 = 64;

/**
 * A text in bytes[TEXT_AT, end): the field of Data that its root is, 0 when it is declined. Then the digest of the root's struct or
 * list lies at DIGESTS_AT, without its Data, and the tape holds its values.
 */
export function read(end: i32, redacts: bool, depthMax: i32, stringMax: i32): i32 {
  State.redacts = redacts;
  State.depthMax = depthMax;
  State.stringMax = stringMax;
  State.repeated = false;
  resetDigests();
  // Sentinels: every scan ends here, also one that takes the first of them for the start of a string, or of an escape.
  store<i64>(end, 0x2222222222222222);
  Tape.end = TAPE_AT;
  State.plain = PLAIN_AT;
  State.redacted = 0;
  State.allClasses = 0;
  let at = skipSpace(TEXT_AT);
  const root = byteAt(at);
  if (root !== OPEN_OBJECT && root !== OPEN_LIST) {
    return 0;
  }
  let depth = 0;
  let values = 0;
  let top = DIGESTS_AT;
  let inObject = 0;
  // Depth of the container whose value must not be shown; -1 outside of one.
  let secretFrom = -1;
  let frame = FRAMES_AT - FRAME_BYTES;
  State.keyIs = 0;
  while (true) {
    // A value begins here; its digest goes to out.
    values += 1;
    if (values > SEALED_VALUES_MAX) {
      return 0;
    }
    const out = top + (inObject << 3);
    const secret = secretFrom >= 0 || (State.keyIs & KEY_IS_SECRET) !== 0;
    const first = byteAt(at);
    let closed = 0;
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
      depth += 1;
      note(isObject ? OP_BEGIN_OBJECT : OP_BEGIN_LIST, 0, 0);
      closed = byteAt(at) === (isObject ? CLOSE_OBJECT : CLOSE_LIST);
      State.keyIs = 0;
      if (!closed) {
        inObject = isObject;
        if (isObject) {
          at = name(at, end, top, frame);
          if (at === 0) {
            return 0;
          }
        }
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
    }
    State.keyIs = 0;
    if (inObject) {
      at = name(at, end, top, frame);
      if (at === 0) {
        return 0;
      }
    }
  }
}

/**
 * A container's digest to its slot: 0 to decline.
 * @param isShown it is in no container whose values are secrets
 */
export function close(frame: i32, depth: i32, top: i32, isShown: i32): i32 {
  finishDigests();
  const out = load<i32>(frame + FRAME_OUT);
  let base = load<i32>(frame + FRAME_BASE);
  if (base > 0) {
    note(OP_END_OBJECT, 0, 0);
    if (top - base > MEMBERS_MAX * 16) {
      return 0;
    }
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
  formatOf,
  hash,
  headChanged,
  headCharacters,
  headEntriesEnd,
  headPairsEnd,
  mayHoldSecret,
};
