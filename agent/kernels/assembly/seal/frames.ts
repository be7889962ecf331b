/** Offsets in the frame of an open container, and in the slot of a name. */

/** Where its digest goes. */
export const FRAME_OUT: i32 = 0;
/** Where its entries begin; negative: a list. */
export const FRAME_BASE: i32 = 4;
/** Whether a value named `value` is in it. */
export const FRAME_FLAGS: i32 = 8;
/** The name read last. */
export const FRAME_NAME: i32 = 12;
/** Records of values of `name`, `key`, `type` and their like: as many as a frame has room for. */
export const FRAME_NAMING_COUNT: i32 = 16;
export const FRAME_NAMING: i32 = 20;
export const NAMING_MAX: i32 = 11;

/** Behind the digest as a number. */
export const NAME_LENGTH: i32 = 8;
export const NAME_FLAGS: i32 = 12;
export const NAME_TEXT: i32 = 16;
