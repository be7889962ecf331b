/** Filter expressions compiled by libpcap, where it is installed: the language of pcap-filter(7). */
import { FloodgateError } from '../../errors.ts';
import { LinkType } from '../../pcap/link-type.ts';
import { acceptAll, BpfProgram, instructionBytes } from '../bpf-program.ts';
import type { FrameFilter } from '../filter-sink.ts';
import { type Address, loadKoffi } from './libc.ts';

interface Libpcap {
  openDead(dataLink: number, snapLength: number): Address;
  compile(handle: Address, program: Uint8Array, expression: string, optimize: number, netmask: number): number;
  error(handle: Address): string;
  freeCode(program: Uint8Array): void;
  close(handle: Address): void;
  view(address: Address, length: number): ArrayBuffer;
}

const libraryNames: Record<string, readonly string[]> = {
  linux: ['libpcap.so.1', 'libpcap.so.0.8', 'libpcap.so'],
  darwin: ['libpcap.A.dylib', 'libpcap.dylib'],
};
const PCAP_NETMASK_UNKNOWN = 0xffff_ffff;
/** `struct bpf_program`: a 32-bit count, padding, a pointer. */
const programBytes = 16;
let libpcap: Libpcap | null | undefined;

/**
 * Compiles `expression` for frames of `linkType`, accepting `snapLength` bytes of each.
 * @throws FloodgateError `filter-unavailable` without libpcap, `filter-invalid` with what libpcap says against it.
 */
export function compileFilter(expression: string, linkType: number, snapLength: number): BpfProgram {
  const library = requireLibpcap();
  const handle = library.openDead(dataLinkOf(linkType), snapLength);
  // Its own buffer: short arrays may lie in the moving heap.
  const program = new Uint8Array(new ArrayBuffer(programBytes));
  try {
    if (library.compile(handle, program, expression, 1, PCAP_NETMASK_UNKNOWN) !== 0) {
      const reason = library.error(handle);
      // Not a fault of the expression: "ip6 and tcp[13] != 0", say, is meaningful and matches nothing.
      if (reason.includes('rejects all packets')) return acceptAll(0);
      throw new FloodgateError('filter-invalid', `the filter "${expression}" is not valid: ${reason}`, {
        hint: 'see pcap-filter(7), e.g. --filter "tcp port 8080 and host 10.0.0.1"',
      });
    }
    const header = new DataView(program.buffer);
    const length = header.getUint32(0, true) * instructionBytes;
    const compiled = new BpfProgram(new Uint8Array(library.view(header.getBigUint64(8, true), length)));
    library.freeCode(program);
    return compiled;
  } finally {
    library.close(handle);
  }
}

/**
 * A filter run here, for captures and for devices whose frames the kernel cannot filter rightly.
 * @throws FloodgateError `filter-unavailable` at once; a faulty expression is reported at the first frame, since what is
 * valid depends on the link type.
 */
export function frameFilter(expression: string, snapLength: number): FrameFilter {
  requireLibpcap();
  return (linkType) => {
    const program = compileFilter(expression, linkType, snapLength);
    return (bytes, start, end, wireLength) => program.run(bytes, start, end, wireLength) > 0;
  };
}

/** libpcap's own number for a link type: the same but for raw IP, which some files give as OpenBSD's number. */
function dataLinkOf(linkType: number): number {
  return linkType === LinkType.raw || linkType === 14 ? 12 : linkType;
}

function requireLibpcap(): Libpcap {
  if (libpcap === undefined) libpcap = loadLibpcap();
  if (libpcap !== null) return libpcap;
  throw new FloodgateError('filter-unavailable', 'a filter expression needs libpcap, which is not installed', {
    hint: 'install it (Debian: apt-get install libpcap0.8; Alpine: apk add libpcap), or leave --filter out',
  });
}

function loadLibpcap(): Libpcap | null {
  const koffi = loadKoffi();
  if (koffi === null) return null;
  for (const name of libraryNames[process.platform] ?? []) {
    try {
      const library = koffi.load(name);
      return {
        openDead: library.func('void *pcap_open_dead(int linktype, int snaplen)'),
        compile: library.func(
          'int pcap_compile(void *handle, uint8_t *program, const char *expression, int optimize, uint32_t netmask)',
        ),
        error: library.func('const char *pcap_geterr(void *handle)'),
        freeCode: library.func('void pcap_freecode(uint8_t *program)'),
        close: library.func('void pcap_close(void *handle)'),
        view: (address, length) => koffi.view(address, length),
      };
    } catch {
      // Not under this name: try the next.
    }
  }
  return null;
}
