/** How large a bundle may be: whoever verifies one has not made it, and it may be hostile. */

/** Two hundred scenarios in two lanes with forty pairs each have 34,000 files. */
export const filesMax = 50_000;
/** A run of an hour at a reading a millisecond has 130 MB. */
export const fileBytesMax = 256 << 20;
/** All are held in memory while they are verified. */
export const bundleBytesMax = 1 << 30;
/** Data of runs pack to a twentieth at best; deflate at its worst packs a thousand times. */
export const expansionMax = 200;
/** Of a small one, whatever it packs to. */
export const expansionFreeBytes = 4 << 20;
/** Of all heap snapshots: the raw data have at least as much room. */
export const snapshotsBytesMax = 1 << 29;
/** Zeros that end an archive: tar(1) fills a record of 10 KB, or what its -b asks for. */
export const archiveEndBytesMax = 1 << 20;
/** Of a path in a bundle. */
export const pathCharactersMax = 400;
/** Levels of a JSON document: a profile nests two for each frame, and V8 samples 128 frames. */
export const jsonDepthMax = 1_000;
/** Of a candidate's source. */
export const sourceFilesMax = 50_000;
/** Of the working folder: as many as a candidate may have. */
export const workingFilesMax = sourceFilesMax;
/** Of the same, looked at twice: a processor takes SHA-256 of as much in ten seconds. */
export const workingBytesMax = 4 * 2 ** 30;
/** Files of the candidate that are subjects of their own; the list of all is one in any case. */
export const subjectFilesMax = 2_000;
/** Of a file of attestations, or of trusted roots: the public root has 7 KB, an attestation with a statement of 2,000 subjects 1 MB. */
export const keylessBytesMax = 32 << 20;
/** Attestations of one file that GitHub hands out at once. */
export const keylessLinesMax = 30;
