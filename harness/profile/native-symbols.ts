/** Names for addresses of native programs, by binutils' addr2line: function, source and line where the binary has symbols. */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readSync } from 'node:fs';
import path from 'node:path';
import type { MallocSite, Mapping } from './malloc-profile.ts';

const timeoutMs = 60_000;
/** Libraries whose frames are nobody's fault: who called them did it. */
const runtimeLibrary =
  /\/(libjemalloc|libtcmalloc|libprofiler|libc|libstdc\+\+|libgcc_s|ld-linux[\w-]*|libpthread|libm|libglib-2\.0|libwsutil)[.-][\w.+-]*$/;

/** What wraps `malloc` in C and C++. */
const allocatorFunction =
  /^(operator new|g_(try_)?(malloc|realloc|slice|new|memdup|strdup)|wmem_|x(malloc|calloc|realloc|strdup)|std::|__gnu_cxx::)/;

export class NativeSymbols {
  readonly #root: string;
  readonly #sites = new Map<string, readonly MallocSite[]>();
  readonly #segments = new Map<string, readonly Segment[]>();
  /** Whether addr2line is installed; without it a site is a binary and an address in it. */
  hasTool = true;

  /** @param root sources below it are named relative to it */
  constructor(root: string) {
    this.#root = root;
  }

  /** Names all addresses of a profile at once: a program of a hundred megabytes takes seconds to be opened. */
  resolve(addresses: readonly number[], mappings: readonly Mapping[]): (address: number) => readonly MallocSite[] {
    const places = new Map<number, { file: string; at: number; key: string } | undefined>();
    const wanted = new Map<string, Map<string, number>>();
    for (const address of addresses) {
      if (places.has(address)) continue;
      const mapping = mappings.find(({ start, end }) => address >= start && address < end);
      if (!mapping) {
        places.set(address, undefined);
        continue;
      }
      const at = this.#virtual(mapping, address);
      const key = `${mapping.file}\0${at}`;
      places.set(address, { file: mapping.file, at, key });
      if (this.#sites.has(key)) continue;
      const list = wanted.get(mapping.file) ?? new Map<string, number>();
      list.set(key, at);
      wanted.set(mapping.file, list);
    }
    for (const [file, list] of wanted) this.#ask(file, list);
    return (address) => {
      const place = places.get(address);
      return (place && this.#sites.get(place.key)) ?? [{ functionName: '(unknown)', file: '', line: 0 }];
    };
  }

  #ask(file: string, list: ReadonlyMap<string, number>): void {
    const binary = path.basename(file);
    const isRuntime = runtimeLibrary.test(file);
    const unnamed = (at: number): MallocSite => ({
      functionName: `${binary}+0x${at.toString(16)}`,
      file: isRuntime ? '' : binary,
      line: 0,
    });
    const input = [...list.values()].map((at) => `0x${at.toString(16)}\n`).join('');
    // -a prints each address before its functions, of which inlining makes several.
    const { stdout, error } = this.hasTool
      ? spawnSync('addr2line', ['-a', '-f', '-C', '-i', '-e', file], {
          input,
          encoding: 'utf8',
          timeout: timeoutMs,
          maxBuffer: 256 << 20,
        })
      : { stdout: '', error: undefined };
    if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') this.hasTool = false;
    const answers = (stdout ?? '').split(/^0x[0-9a-f]+\n/m).slice(1);
    [...list].forEach(([key, at], i) => {
      const lines = (answers[i] ?? '').split('\n').filter(Boolean);
      const sites: MallocSite[] = [];
      for (let at = 0; at + 1 < lines.length; at += 2) {
        const name = lines[at]!;
        if (name === '??') continue;
        const [, source = '??', line = '0'] = /^(.*):(\d+|\?)/.exec(lines[at + 1]!) ?? [];
        const isOurs = !isRuntime && !allocatorFunction.test(name);
        const place = isOurs ? (source === '??' ? binary : this.#relative(source)) : '';
        sites.push({ functionName: name, file: place, line: source === '??' ? 0 : Number(line) || 0 });
      }
      this.#sites.set(key, sites.length > 0 ? sites : [unnamed(at)]);
    });
  }

  #relative(source: string): string {
    const file = path.resolve(this.#root, source);
    return file.startsWith(`${this.#root}/`) ? path.relative(this.#root, file) : file;
  }

  /** What the binary itself calls this address (elf(5)). */
  #virtual({ file, start, offset }: Mapping, address: number): number {
    let segments = this.#segments.get(file);
    if (!segments) this.#segments.set(file, (segments = segmentsOf(file)));
    const at = address - start + offset;
    const segment = segments.find((each) => at >= each.offset && at < each.offset + each.size);
    return segment ? at - segment.offset + segment.address : at;
  }
}

interface Segment {
  readonly offset: number;
  readonly address: number;
  readonly size: number;
}

const loadSegment = 1;

/** PT_LOAD of a 64-bit little-endian binary; empty for anything else. */
function segmentsOf(file: string): Segment[] {
  let fd: number | undefined;
  try {
    fd = openSync(file, 'r');
    const head = Buffer.alloc(64);
    readSync(fd, head, 0, 64, 0);
    if (head.readUInt32BE(0) !== 0x7f454c46 || head[4] !== 2 || head[5] !== 1) return [];
    const [at, size, count] = [Number(head.readBigUInt64LE(32)), head.readUInt16LE(54), head.readUInt16LE(56)];
    if (size < 56 || count > 1_000) return [];
    const table = Buffer.alloc(size * count);
    readSync(fd, table, 0, table.length, at);
    return Array.from({ length: count }, (_, i) => table.subarray(i * size, (i + 1) * size))
      .filter((entry) => entry.readUInt32LE(0) === loadSegment)
      .map((entry) => ({
        offset: Number(entry.readBigUInt64LE(8)),
        address: Number(entry.readBigUInt64LE(16)),
        size: Number(entry.readBigUInt64LE(32)),
      }));
  } catch {
    return [];
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
