/** Names of members, what they say, and which of their neighbours they make a secret. */
import { byteAt } from '../bytes.ts';
import { BACKSLASH, COLON, QUOTE, skipSpace } from './characters.ts';
import {
  FRAME_FLAGS,
  FRAME_NAME,
  FRAME_NAMING,
  FRAME_NAMING_COUNT,
  NAME_FLAGS,
  NAME_LENGTH,
  NAME_TEXT,
  NAMING_MAX,
} from './frames.ts';
import { learnName } from './host.ts';
import {
  CLASSES_AT,
  CONSTANT_REDACTED,
  FOLLOWERS_AT,
  HAS_CONTROL,
  KEY_IS_NAMING,
  KEY_IS_UNFIT,
  KEY_IS_VALUE,
  LISTED_NAME_MAX,
  NAME_BYTES_MAX,
  NAME_SLOT_BYTES,
  NAME_SLOTS,
  NAMES_AT,
  OP_BEGIN_LIST,
  OP_BEGIN_OBJECT,
  OP_CONSTANT,
  OP_KEY,
  OP_TEXT,
  PLAIN_AT,
  RECORD_BYTES,
  SCRAMBLED_MIN,
  TAPE_AT,
} from './layout.generated.ts';
import { namesOneSecret } from './secret-names.ts';
import { note, State, Tape } from './state.ts';
import { escapedString } from './strings.ts';

/** A name in a list of names and values. */
const LISTED_NAME_BYTES_MAX: i32 = LISTED_NAME_MAX * 4;

/**
 * A member's name with its colon: where its value begins, 0 to decline. Objects repeat their names in their order: the one that
 * followed last time is tried first.
 */
export function name(at: i32, end: i32, top: i32, frame: i32): i32 {
  if (byteAt(at) !== QUOTE) {
    return 0;
  }
  const from = at + 1;
  const previous = FOLLOWERS_AT + (load<i32>(frame + FRAME_NAME) << 2);
  let expected = load<i32>(previous);
  let to = 0;
  if (expected !== 0) {
    to = isName(expected, from);
    State.nameStart = from;
    State.nameEnd = to;
  }
  if (to === 0) {
    to = newName(from, end);
    if (to === 0) {
      return 0;
    }
    expected = State.slot;
    if (expected < NAMES_AT + NAME_SLOTS * NAME_SLOT_BYTES) {
      store<i32>(previous, expected);
    }
  }
  if (to >= end) {
    return 0;
  }
  store<i32>(frame + FRAME_NAME, (expected - NAMES_AT) >>> 6);
  const is = load<i32>(expected + NAME_FLAGS);
  if ((is & KEY_IS_UNFIT) !== 0) {
    return 0;
  }
  State.keyIs = State.redacts ? is : 0;
  // As a number, for sorting; digestStruct turns it into the digest's bytes.
  store<i64>(top, load<i64>(expected));
  note(OP_KEY, State.nameStart, State.nameEnd);
  to += 1;
  if (byteAt(to) <= 0x20) {
    to = skipSpace(to);
  }
  if (byteAt(to) !== COLON) {
    return 0;
  }
  to += 1;
  return byteAt(to) <= 0x20 ? skipSpace(to) : to;
}

/** Whether a slot's name stands at from: where it ends, 0 if not. */
function isName(at: i32, from: i32): i32 {
  const length = load<i32>(at + NAME_LENGTH);
  if (length <= 0) {
    return 0;
  }
  const end = from + length;
  if (byteAt(end) !== QUOTE) {
    return 0;
  }
  if (length < 8) {
    const difference: i64 = load<i64>(at + NAME_TEXT) ^ load<i64>(from);
    const beyond: i64 = 64 - (length << 3);
    return difference << beyond === 0 ? end : 0;
  }
  let text = at + NAME_TEXT;
  const last = end - 8;
  if (load<i64>(text + length - 8) !== load<i64>(last)) {
    return 0;
  }
  while (from < last) {
    if (load<i64>(text) !== load<i64>(from)) {
      return 0;
    }
    text += 8;
    from += 8;
  }
  return end;
}

/** A name that is not the expected one, behind its quote: where it ends, 0 to decline. Its slot and its text are in the globals. */
function newName(from: i32, end: i32): i32 {
  let at = from;
  let hash = 0;
  let has = 0;
  let byte = byteAt(at);
  while (byte !== QUOTE) {
    if (byte === BACKSLASH) {
      return newEscapedName(from, at, end, has);
    }
    has = has | load<i32>(CLASSES_AT + (byte << 2));
    hash = hash * 31 + byte;
    at += 1;
    byte = byteAt(at);
  }
  if (at >= end || (has & HAS_CONTROL) !== 0) {
    return 0;
  }
  // Whether it is UTF-8 shows with the whole text, before anything is made of it.
  State.allClasses = State.allClasses | has;
  findSlot(from, at, hash);
  return at;
}

/** The same for a name with escapes, which is written anew. */
function newEscapedName(from: i32, at: i32, end: i32, has: i32): i32 {
  const behind = escapedString(from, at, end, has);
  if (behind === 0) {
    return 0;
  }
  let hash = 0;
  for (let to = State.start; to < State.stop; to += 1) hash = hash * 31 + byteAt(to);
  findSlot(State.start, State.stop, hash);
  return behind - 1;
}

/** The slot of a name, which is learnt where it is not there. */
function findSlot(from: i32, at: i32, hash: i32): void {
  State.nameStart = from;
  State.nameEnd = at;
  const length = at - from;
  State.slot = NAMES_AT + NAME_SLOTS * NAME_SLOT_BYTES;
  if (length <= NAME_BYTES_MAX) {
    State.slot = NAMES_AT + (((hash ^ (hash >>> 15)) & (NAME_SLOTS - 1)) << 6);
    if (load<i32>(State.slot + NAME_LENGTH) === length) {
      let i = 0;
      while (i < length) {
        if (byteAt(State.slot + NAME_TEXT + i) !== byteAt(from + i)) {
          break;
        }
        i += 1;
      }
      if (i === length) {
        return;
      }
    }
    memory.copy(State.slot + NAME_TEXT, from, length);
    store<i32>(State.slot + NAME_LENGTH, length);
  }
  learnName(State.slot, from, at);
}

/** {"name": "password", "value": "…"}: the name is looked at when the object ends. 0 to decline */
export function noteNaming(frame: i32): i32 {
  if ((State.keyIs & KEY_IS_VALUE) !== 0) {
    store<i32>(frame + FRAME_FLAGS, KEY_IS_VALUE);
  }
  if ((State.keyIs & KEY_IS_NAMING) === 0) {
    return 1;
  }
  const count = load<i32>(frame + FRAME_NAMING_COUNT);
  if (count === NAMING_MAX) {
    return 0;
  }
  store<i32>(frame + FRAME_NAMING + (count << 2), Tape.end);
  store<i32>(frame + FRAME_NAMING_COUNT, count + 1);
  return 1;
}

export function namesSecret(frame: i32): bool {
  let i = load<i32>(frame + FRAME_NAMING_COUNT);
  while (i > 0) {
    i -= 1;
    const record = load<i32>(frame + FRAME_NAMING + (i << 2));
    const op = load<i32>(record) & 15;
    const from = load<i32>(record + 4);
    // Redacted as a whole: the other way knows what was there.
    if (op === OP_CONSTANT && from === CONSTANT_REDACTED) {
      return true;
    }
    if (op === OP_TEXT) {
      // Written anew: its escapes, or a secret in it, are gone. The other way knows what was there.
      if (from >= PLAIN_AT) {
        return true;
      }
      if (namesOneSecret(from, load<i32>(record + 8))) {
        return true;
      }
    }
  }
  return false;
}

/**
 * Names and values in turn, as in ["Authorization", "…"]: whether one of the names, every other entry, is a secret's. Only where all
 * entries are plain: then their records, and nothing else, lie behind the list's own.
 */
export function mayListSecret(count: i32, isPair: bool): bool {
  if (count === 0 || (count & 1) !== 0) {
    return false;
  }
  const at = Tape.end - count * RECORD_BYTES;
  if (at - RECORD_BYTES < TAPE_AT) {
    return false;
  }
  if ((load<i32>(at - RECORD_BYTES) & 15) !== OP_BEGIN_LIST) {
    return false;
  }
  return !holdContainer(at) && listSecret(at, isPair);
}

/** Whether one of the records from here on is a container's. */
export function holdContainer(record: i32): bool {
  while (record < Tape.end) {
    if ((load<i32>(record) & 15) >= OP_BEGIN_OBJECT) {
      return true;
    }
    record += RECORD_BYTES;
  }
  return false;
}

/** Whether one of every other record from here on is a secret's name, perhaps. The last one's value may be still to come. */
export function listSecret(at: i32, isPair: bool): bool {
  while (at < Tape.end) {
    const op = load<i32>(at) & 15;
    const from = load<i32>(at + 4);
    if (op === OP_CONSTANT && from === CONSTANT_REDACTED) {
      return true;
    }
    if (op === OP_TEXT) {
      // Written anew: the other way knows what was there.
      if (from >= PLAIN_AT) {
        return true;
      }
      const to = load<i32>(at + 8);
      if (
        to - from <= LISTED_NAME_BYTES_MAX &&
        (isPair || at + RECORD_BYTES === Tape.end || !isWord(at + RECORD_BYTES))
      ) {
        if (namesOneSecret(from, to)) {
          return true;
        }
      }
    }
    at += 2 * RECORD_BYTES;
  }
  return false;
}

/** Whether a record is a text of letters alone that chance has not drawn: beside a secret's name it is another name. */
function isWord(record: i32): i32 {
  if ((load<i32>(record) & 15) !== OP_TEXT) {
    return 0;
  }
  const from = load<i32>(record + 4);
  const end = load<i32>(record + 8);
  let turns = 0;
  let at = from;
  while (at < end) {
    const byte = byteAt(at);
    if (<u32>((byte | 0x20) - 0x61) >= 26 && byte !== 0x5f) {
      return 0;
    }
    // A change of case: the other way finds two signs for each at most, and one more.
    if (at > from && ((byte ^ byteAt(at - 1)) & 0x20) !== 0) {
      turns += 1;
    }
    at += 1;
  }
  return end - from < SCRAMBLED_MIN || turns * 8 + 4 < end - from ? 1 : 0;
}
