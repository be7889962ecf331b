/** Offsets in the frame of an open container (others: `layout.generated.ts`), and in the slot of a name. */

/** Where its digest goes. */
export const FRAME_OUT: i32 = 0;
/** Whether a value named `value` is in it. */
export const FRAME_FLAGS: i32 = 8;
/** The name read last. */
export const FRAME_NAME: i32 = 12;
/** Records of values of `name`, `key`, `type` and their like: as many as a frame has room for. */
export const FRAME_NAMING_COUNT: i32 = 16;
export const FRAME_NAMING: i32 = 20;
export const NAMING_MAX: i32 = 11;

/** Of a list that is read in parts: digests that are in its hash already, and the state of that. */
export const FRAME_ABSORBED: i32 = 72;
export const FRAME_HASH: i32 = 80;
/** What was seen of a container before the part at hand, in bits. */
export const FRAME_SEEN: i32 = 76;
/** A name beside which a value is a secret. */
export const SEEN_NAMES_SECRET: i32 = 1;
/** An element that is a container. */
export const SEEN_CONTAINER: i32 = 2;
/** In a list of names and values, if it is one: a secret's name. */
export const SEEN_LISTED_SECRET: i32 = 4;

/** Behind the digest as a number. */
export const NAME_LENGTH: i32 = 8;
export const NAME_FLAGS: i32 = 12;
export const NAME_TEXT: i32 = 16;
