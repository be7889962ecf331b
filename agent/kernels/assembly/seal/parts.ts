/**
 * Texts that are read in parts: what was read of one is encoded and forgotten, but for its open containers. Of those there stay the
 * frame, digests of members (a list's in a hash) and what was seen that decides about a secret. All of it is little, and the host keeps it
 * between two parts: other texts use the memory meanwhile.
 */
import { absorbList, bareStruct, digestAbsorbed, digestStruct, finishDigests, resetDigests } from './digests.ts';
import {
  FRAME_ABSORBED,
  FRAME_FLAGS,
  FRAME_HASH,
  FRAME_NAMING_COUNT,
  FRAME_OUT,
  FRAME_SEEN,
  SEEN_CONTAINER,
  SEEN_LISTED_SECRET,
  SEEN_NAMES_SECRET,
} from './frames.ts';
import {
  CONSTANT_EMPTY_LIST,
  CONSTANT_EMPTY_STRUCT,
  DIGESTS_AT,
  FRAME_BASE,
  FRAME_BEGIN,
  FRAME_BYTES,
  FRAME_IS_SPILLED,
  FRAMES_AT,
  KEY_IS_VALUE,
  PLAIN_AT,
  RECORD_BYTES,
  RESUMED_AT,
  RESUMED_CLASSES,
  RESUMED_DEPTH,
  RESUMED_FRAME,
  RESUMED_FROM,
  RESUMED_IN_OBJECT,
  RESUMED_IS_BEHIND,
  RESUMED_REDACTED,
  RESUMED_SECRET_FROM,
  RESUMED_TAPE,
  RESUMED_TOP,
  TAPE_AT,
  TEXT_AT,
} from './layout.generated.ts';
import { holdContainer, listSecret, namesSecret } from './names.ts';
import { State, Step, Tape } from './state.ts';
import { finished } from './values.ts';

/** A container begins whose record comes next. */
export function beginFrame(frame: i32, isSpilled: bool): void {
  store<i32>(frame + FRAME_IS_SPILLED, isSpilled);
  store<i32>(frame + FRAME_BEGIN, Tape.end);
  store<i32>(frame + FRAME_ABSORBED, 0);
  store<i32>(frame + FRAME_SEEN, 0);
}

/** The tape was encoded: keeps what is to be known of it, and empties it. */
export function settle(): void {
  finishDigests();
  let to = DIGESTS_AT;
  let depth = 0;
  for (let frame = FRAMES_AT; frame <= Step.frame; frame += FRAME_BYTES) {
    const isInnermost = frame === Step.frame;
    const isShown = Step.secretFrom < 0 || depth < Step.secretFrom;
    if (State.redacts && isShown) {
      if (load<i32>(frame + FRAME_BASE) > 0) seeNames(frame);
      else seeList(frame, isInnermost);
    }
    store<i32>(frame + FRAME_NAMING_COUNT, 0);
    to = settleDigests(frame, to, isInnermost);
    depth += 1;
  }
  // Those that are encoded count as such from now on.
  for (let frame = FRAMES_AT; frame <= Step.frame; frame += FRAME_BYTES) store<i32>(frame + FRAME_IS_SPILLED, 1);
  Tape.end = TAPE_AT;
  State.plain = PLAIN_AT;
}

/** {"name": "password", "value": "…"}: the names are on the tape now only. */
function seeNames(frame: i32): void {
  if (namesSecret(frame)) see(frame, SEEN_NAMES_SECRET);
}

function see(frame: i32, what: i32): void {
  store<i32>(frame + FRAME_SEEN, load<i32>(frame + FRAME_SEEN) | what);
}

/** Names and values in turn: the first of the new elements may be a value. */
function seeList(frame: i32, isInnermost: bool): void {
  if (!isInnermost) {
    see(frame, SEEN_CONTAINER);
    return;
  }
  const first = load<i32>(frame + FRAME_IS_SPILLED) ? TAPE_AT : load<i32>(frame + FRAME_BEGIN) + RECORD_BYTES;
  if (holdContainer(first)) {
    see(frame, SEEN_CONTAINER);
    return;
  }
  const count = countOf(frame, Step.top);
  const before = count - (Tape.end - first) / RECORD_BYTES;
  const isPair = count <= 2 && frame > FRAMES_AT && load<i32>(frame - FRAME_BYTES + FRAME_BASE) < 0;
  if (listSecret(first + (before & 1) * RECORD_BYTES, isPair)) see(frame, SEEN_LISTED_SECRET);
}

/** Elements of a list up to now. */
function countOf(frame: i32, top: i32): i32 {
  return load<i32>(frame + FRAME_ABSORBED) + ((top + load<i32>(frame + FRAME_BASE)) >>> 3);
}

/** Moves a container's digests to where those of the outer ones end now: where the next one's begin. */
function settleDigests(frame: i32, to: i32, isInnermost: bool): i32 {
  const base = load<i32>(frame + FRAME_BASE);
  const next = load<i32>(frame + FRAME_BYTES + FRAME_OUT);
  const start = to + 16;
  store<i32>(frame + FRAME_OUT, to);
  let end: i32;
  if (base > 0) {
    end = isInnermost ? Step.top : next - 8;
    memory.copy(start, base, end - base);
    // The name's digest, whose value is the container within.
    if (!isInnermost) store<i64>(start + end - base, load<i64>(end));
    store<i32>(frame + FRAME_BASE, start);
    end = start + end - base;
  } else {
    end = isInnermost ? Step.top : next;
    const absorbed = load<i32>(frame + FRAME_ABSORBED);
    const rest = absorbList(-base, end, absorbed, frame + FRAME_HASH);
    store<i32>(frame + FRAME_ABSORBED, absorbed + ((rest + 1 + base) >>> 3));
    memory.copy(start - 1, rest, end - rest);
    store<i32>(frame + FRAME_BASE, -start);
    end = start - 1 + end - rest;
  }
  if (isInnermost) Step.top = end;
  return base > 0 ? end + 8 : end;
}

/**
 * The innermost container ends, everything in it is settled: its digest to where it belongs. Of the root the one without its Data, at
 * DIGESTS_AT. @returns whether it can be shown as it was encoded
 */
export function endSpilled(): bool {
  const frame = Step.frame;
  const out = load<i32>(frame + FRAME_OUT);
  const base = load<i32>(frame + FRAME_BASE);
  const seen = load<i32>(frame + FRAME_SEEN);
  const isRoot = frame === FRAMES_AT;
  const isShown = Step.secretFrom < 0;
  if (base > 0) {
    if (isShown && (load<i32>(frame + FRAME_FLAGS) & KEY_IS_VALUE) !== 0 && (seen & SEEN_NAMES_SECRET) !== 0)
      return false;
    if (Step.top === base) {
      // An empty root is a message without fields; others end without a member only where the text is cut.
      if (isRoot) return false;
      finished(CONSTANT_EMPTY_STRUCT, out);
    } else if (isRoot) {
      bareStruct(base, Step.top, out);
    } else {
      digestStruct(base, Step.top, out);
    }
  } else {
    const count = countOf(frame, Step.top);
    if ((count & 1) === 0 && seen === SEEN_LISTED_SECRET) return false;
    if (count === 0 && isRoot) return false;
    if (count === 0) finished(CONSTANT_EMPTY_LIST, out);
    else digestAbsorbed(-base, Step.top, load<i32>(frame + FRAME_ABSORBED), frame + FRAME_HASH, isRoot, out);
  }
  Step.depth -= 1;
  if (Step.secretFrom === Step.depth) Step.secretFrom = -1;
  Step.top = out + 8;
  Step.frame = frame - FRAME_BYTES;
  Step.inObject = !isRoot && load<i32>(Step.frame + FRAME_BASE) > 0 ? 1 : 0;
  Step.at += 1;
  Step.isBehind = true;
  return true;
}

/** Where reading stands, to RESUMED_AT. The host keeps it with the frames and digests. */
export function keepResumed(): void {
  store<i32>(RESUMED_AT + RESUMED_FROM, Step.at);
  store<i32>(RESUMED_AT + RESUMED_DEPTH, Step.depth);
  store<i32>(RESUMED_AT + RESUMED_TOP, Step.top);
  store<i32>(RESUMED_AT + RESUMED_IN_OBJECT, Step.inObject);
  store<i32>(RESUMED_AT + RESUMED_SECRET_FROM, Step.secretFrom);
  store<i32>(RESUMED_AT + RESUMED_IS_BEHIND, Step.isBehind);
  store<i32>(RESUMED_AT + RESUMED_REDACTED, State.redacted);
  store<i32>(RESUMED_AT + RESUMED_CLASSES, State.allClasses);
  store<i32>(RESUMED_AT + RESUMED_TAPE, Tape.end);
  store<i32>(RESUMED_AT + RESUMED_FRAME, Step.frame);
}

/** After `beginParts`: goes on where RESUMED_AT says, the text that was not read yet lies from TEXT_AT on. */
export function takeResumed(): void {
  resetDigests();
  Step.at = TEXT_AT;
  Step.depth = load<i32>(RESUMED_AT + RESUMED_DEPTH);
  Step.top = load<i32>(RESUMED_AT + RESUMED_TOP);
  Step.inObject = load<i32>(RESUMED_AT + RESUMED_IN_OBJECT);
  Step.secretFrom = load<i32>(RESUMED_AT + RESUMED_SECRET_FROM);
  Step.isBehind = load<i32>(RESUMED_AT + RESUMED_IS_BEHIND) !== 0;
  Step.frame = load<i32>(RESUMED_AT + RESUMED_FRAME);
  State.redacted = load<i32>(RESUMED_AT + RESUMED_REDACTED);
}
