/** Opens the frame source that the options ask for. */
import { FloodgateError } from '../errors.ts';
import { FileSource } from './file-source.ts';
import type { FrameSource } from './frame-source.ts';
import { openStdin } from './stdin-source.ts';

/** How devices are captured from; every option has a default. */
export interface LiveOptions {
  /** Kernel ring of each interface, rounded up to whole blocks. @default 8 MiB */
  readonly ringBytes?: number;
  /** Bytes the kernel fills before it hands them over: a power of two times the system page. @default 256 KiB */
  readonly blockBytes?: number;
  /** A block is handed over after this long even if it is not full. @default 20 */
  readonly blockTimeoutMs?: number;
  /** Bytes kept of each frame. @default 65535, all of any frame */
  readonly snapLength?: number;
  /** See frames addressed to other hosts. @default true */
  readonly promiscuous?: boolean;
  /** Only frames received by the host, only frames it sent, or both. @default 'both' */
  readonly direction?: 'in' | 'out' | 'both';
  /** Share the traffic of each interface, by flow, among all rings of the machine that name the same group (1–65535). */
  readonly fanout?: { readonly group: number; readonly mode: 'hash' } | null;
  /** Become this user once the sockets are open; as root, @default 'nobody'. */
  readonly user?: string | null;
}

export interface SourceOptions extends LiveOptions {
  /** A capture file, or `-` for standard input. */
  readonly read?: string | null;
  /** Devices to capture from, or `any`; exactly one of `read` and this. */
  readonly interfaces?: readonly string[];
  /** In the language of pcap-filter(7). */
  readonly filter?: string | null;
}

/**
 * The source that the options ask for, open and ready.
 * @throws FloodgateError when it cannot be opened.
 */
export function openSource(options: SourceOptions): FrameSource {
  const read = options.read ?? null;
  if (read === '-') return openStdin();
  if (read !== null) return FileSource.open(read);
  throw new FloodgateError('live-unsupported', 'this build captures from files and standard input only', {
    hint: 'use --read FILE or --read -',
  });
}
