/** Frames are copied out of the ring before they are looked at, so that nobody has to care how long their bytes are valid. */
export const summary = 'each frame copied out of the ring into a buffer of its own';
export const replaces = { 'agent/tcp/tcp.ts': 'tcp.ts' };
