/** Opens recorded frames; apart from `open.ts`, so that whoever reads a file loads nothing of a live capture. */
import { frameBytesMax } from '../pcap/block.ts';
import { openReadable } from './file-source.ts';
import type { FrameFilter } from './filter-sink.ts';
import type { FrameSource } from './frame-source.ts';
import { openReading, openStdin } from './stdin-source.ts';
import { frameFilter } from './sys/bpf.ts';

/** @param read a capture file, or `-` for standard input. @throws FloodgateError when it cannot be opened. */
export function openRecorded(read: string, expression?: string | null): FrameSource {
  const filter = recordedFilter(expression);
  if (read === '-') return openStdin({ filter });
  const { fd, reading } = openReadable(read);
  return openReading(fd, reading, read, { filter });
}

/** An expression for recorded frames, compiled; null where there is none. @throws FloodgateError as `frameFilter`. */
export function recordedFilter(expression: string | null | undefined): FrameFilter | null {
  return expression ? frameFilter(expression, frameBytesMax) : null;
}
