/** Native memory of compressors, by who makes them: zlib, Brotli, Zstandard. It is malloced out of V8's sight. */
import { syncBuiltinESMExports } from 'node:module';
import zlib from 'node:zlib';
import type { SiteRecorder } from './call-stack.ts';

/** Deflate's own state, and what inflate has beside its window (zlib, with Chromium's changes, as Node.js has it). */
const deflateStateBytes = 5_936;
const inflateStateBytes = 7_168;

interface ZlibOptions {
  readonly windowBits?: number;
  readonly memLevel?: number;
  readonly params?: Readonly<Record<number, number | boolean>>;
}

/**
 * Brotli and Zstandard take memory as data come, and report none of it to V8. These are what one holds after a megabyte, measured on
 * Node.js 26 by resident memory: right to a third, and shares of what was measured, never more than that.
 */
const brotliHashers = [0.1, 0.1, 0.1, 0.2, 0.2, 0.8, 2, 4, 10, 30, 10, 10];
const brotliBaseBytes = 400_000;
const brotliWindowBits = 22;

function brotliBytes({ params = {} }: ZlibOptions): number {
  const { BROTLI_PARAM_QUALITY: quality, BROTLI_PARAM_LGWIN: window } = zlib.constants;
  const hasher = (brotliHashers[Number(params[quality] ?? 11)] ?? 10) * 1e6;
  const windowBytes = 2 ** Number(params[window] ?? brotliWindowBits);
  // The tables of the higher qualities are as long as the window.
  const share = Math.min(1, Math.max(1 / 8, windowBytes / 2 ** brotliWindowBits));
  return brotliBaseBytes + hasher * share + Math.min(windowBytes, 1 << 20);
}

function unbrotliBytes(): number {
  return 2_500_000;
}

/** By level, of Zstandard 1.5; negative levels are as the first. */
const zstdMegabytes = [3, 1, 1.5, 3, 4, 5, 6, 8, 10, 12, 14, 17, 22, 26, 30, 32, 36, 50, 65, 80, 90, 100, 130];
const unzstdBytes = 2_200_000;

function zstdBytes({ params = {} }: ZlibOptions): number {
  const level = Number(params[zlib.constants.ZSTD_c_compressionLevel] ?? 3);
  return (zstdMegabytes[Math.max(level < 0 ? 1 : 0, level)] ?? 3) * 1e6;
}

/** zlib's memory is malloced out of sight: a stream's size follows from its options (zlib.h, zconf.h). */
export function wrapCompressors(recorder: SiteRecorder): void {
  const target = zlib as unknown as Record<string, (...args: unknown[]) => unknown>;
  const deflateBytes = ({ windowBits = 15, memLevel = 8 }: ZlibOptions) =>
    2 ** (windowBits + 2) + 2 ** (memLevel + 9) + deflateStateBytes;
  const inflateBytes = ({ windowBits = 15 }: ZlibOptions) => 2 ** (windowBits || 15) + inflateStateBytes;
  for (const [formats, bytesOf] of [
    [['Deflate', 'DeflateRaw', 'Gzip'], deflateBytes],
    [['Inflate', 'InflateRaw', 'Gunzip', 'Unzip'], inflateBytes],
    [['BrotliCompress'], brotliBytes],
    [['BrotliDecompress'], unbrotliBytes],
    [['ZstdCompress'], zstdBytes],
    [['ZstdDecompress'], () => unzstdBytes],
  ] as const) {
    for (const format of formats) {
      const verb = format[0]!.toLowerCase() + format.slice(1);
      for (const name of [`create${format}`, verb, `${verb}Sync`]) wrapZlibMaker(recorder, target, name, bytesOf);
    }
  }
  // Named imports of the module are bindings of their own.
  syncBuiltinESMExports();
}

function wrapZlibMaker(
  recorder: SiteRecorder,
  target: Record<string, (...args: unknown[]) => unknown>,
  name: string,
  bytesOf: (options: ZlibOptions) => number,
): void {
  const original = target[name];
  if (!original) return;
  const operation = `zlib.${name} (native state)`;
  const isStream = name.startsWith('create');
  const wrapped = function (this: unknown, ...args: unknown[]): unknown {
    const made = original.apply(this, args);
    const options = args[isStream ? 0 : 1];
    const given = typeof options === 'object' && options !== null ? (options as ZlibOptions) : {};
    // Those that work at once have given it back when they are done.
    recorder.record(bytesOf(given), operation, wrapped, isStream ? (made as object) : {});
    return made;
  };
  Object.defineProperty(wrapped, 'name', { value: name });
  Object.defineProperty(target, name, { value: wrapped, writable: true, configurable: true, enumerable: true });
}
