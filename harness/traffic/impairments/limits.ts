/** What a stack of impairments may hold. Stages are few, and so are those that hold frames. */

/** Frames one stage holds: a delay of 100 ms at 650 thousand frames a second. */
export const heldFramesMax = 65_536;
/** Their bytes: the same delay at 5 Gbit/s. */
export const heldBytesMax = 64_000_000;
/** Stages of one stack: a command line that a person still reads. */
export const stagesMax = 16;
/** Numbers of a list of frames: one line of a schedule holds them. */
export const listEntriesMax = 1_000;
/** Flows whose segments are counted; of further ones the oldest is forgotten. */
export const countedFlowsMax = 65_536;
/** A line of a schedule file; the first is the longest, with the impairments in words. */
export const lineBytesMax = 65_536;
