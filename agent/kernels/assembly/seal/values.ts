/** Values that are neither containers nor numbers: formats, obfuscation, digests, records. */
import { byteAt } from '../bytes.ts';
import { TAG_TEXT } from './characters.ts';
import { digestFormatted, digestText } from './digests.ts';
import { formatOf } from './formats.ts';
import { isSecretPair, redactText } from './host.ts';
import { keepWord, knownDigest, mayComeAgain, placeOfWord } from './known-words.ts';
import {
  CONSTANT_EMPTY_TEXT,
  CONSTANT_FALSE,
  CONSTANT_NULL,
  CONSTANT_REDACTED,
  CONSTANT_TRUE,
  FINISHED_AT,
  FINISHED_BYTES,
  FORMAT_RFC_3339,
  KEY_IS_GUARDED,
  OP_CONSTANT,
  OP_TEXT,
  RECORD_BYTES,
  SUFFIX_BYTES,
  SUFFIX_SECRET,
  SUFFIXES_AT,
  TEMPLATE_BYTES,
  TEMPLATES_AT,
  UNREAD_AT,
} from './layout.generated.ts';
import { mayHoldSecret } from './secrets.ts';
import { note, State, Tape } from './state.ts';

export function finished(constant: i32, out: i32): void {
  store<i64>(out, load<i64>(FINISHED_AT + constant * FINISHED_BYTES));
}

export function putConstant(constant: i32, out: i32): void {
  finished(constant, out);
  note(OP_CONSTANT, constant, 0);
}

export function redact(out: i32): void {
  State.redacted += 1;
  putConstant(CONSTANT_REDACTED, out);
}

/** The value of the string that was read: 0 to decline. */
export function text(out: i32, secret: i32): i32 {
  let from = State.start;
  let to = State.stop;
  const has = State.classes;
  if (to - from > State.stringMax) {
    return 0;
  }
  if (from === to) {
    putConstant(CONSTANT_EMPTY_TEXT, out);
    return 1;
  }
  let place = 0;
  if (State.redacts && !secret && (State.keyIs & KEY_IS_GUARDED) === 0 && mayComeAgain(from, to, has)) {
    place = placeOfWord(from, to);
    const digest = knownDigest(place);
    if (digest !== 0) {
      store<u64>(out, digest);
      note(OP_TEXT, from, to);
      return 1;
    }
  }
  let format = formatOf(from, to, has);
  if (State.redacts) {
    if (secret || byteAt(SUFFIXES_AT + SUFFIX_SECRET + format * SUFFIX_BYTES) !== 0) {
      redact(out);
      return 1;
    }
    if ((State.keyIs & KEY_IS_GUARDED) !== 0) {
      // The name's record is the last one.
      if (isSecretPair(load<i32>(Tape.end - (RECORD_BYTES - 4)), load<i32>(Tape.end - (RECORD_BYTES - 8)), from, to)) {
        redact(out);
        return 1;
      }
    }
    if (!isTimeInUtc(format, to) && mayHoldSecret(from, to, has)) {
      const length = redactText(from, to, State.plain + 1);
      if (length < 0) {
        return 0;
      }
      if (length > 0) {
        // A text of which a part was redacted; it has no format any more.
        State.redacted += 1;
        store<u8>(State.plain, TAG_TEXT);
        from = State.plain + 1;
        to = from + length;
        State.plain = to;
        format = 0;
        place = 0;
      }
    }
  }
  note(format << 4, from, to);
  if (format === 0) {
    digestText(from - 1, to - from + 1, out, place === 0 ? UNREAD_AT : keepWord(place));
  } else {
    digestFormatted(from - 1, to - from + 1, TEMPLATES_AT + format * (2 * TEMPLATE_BYTES), out);
  }
  return 1;
}

/** No secret: of its digits at most twelve stand together, the fraction's, and a card has thirteen. With an offset it may have them. */
function isTimeInUtc(format: i32, to: i32): bool {
  return format === FORMAT_RFC_3339 && (byteAt(to - 1) | 0x20) === 0x7a;
}

export function word(at: i32, out: i32): i32 {
  const letters = load<i32>(at);
  if (letters === 0x65757274) {
    putConstant(CONSTANT_TRUE, out);
    return at + 4;
  }
  if (letters === 0x6c6c756e) {
    putConstant(CONSTANT_NULL, out);
    return at + 4;
  }
  if (letters === 0x736c6166 && byteAt(at + 4) === 0x65) {
    putConstant(CONSTANT_FALSE, out);
    return at + 5;
  }
  return 0;
}
