/**
 * A part of a socket's filter that keeps the frames of some connections only, whole: by a hash of addresses and ports that is
 * the same for both directions. (The kernel's own flow hash, SKF_AD_RXHASH, is not, and not every device has one.) Pure.
 *
 * What it cannot name a connection for goes on: fragments, tunnels, everything that is not TCP over IPv4 or IPv6 without
 * extension headers. Links of all kinds, VLANs too: it goes by what the kernel knows of a frame (<linux/filter.h>).
 */
import { type BpfProgram, joinPrograms } from './bpf-program.ts';

/** Loads from here on are from the network header; the packet's protocol, in the kernel's terms. */
const network = 0xfff0_0000;
const protocol = 0xffff_f000;
const [IPV4, IPV6, TCP] = [0x0800, 0x86dd, 6];
/** Not the first of a datagram in one piece: an offset, or more to come. */
const fragmentBits = 0x3fff;

// Codes of <linux/bpf_common.h>.
const Code = {
  loadWord: 0x20,
  loadHalf: 0x28,
  loadByte: 0x30,
  loadHalfAtX: 0x48,
  loadScratch: 0x60,
  headerLengthToX: 0xb1,
  store: 0x02,
  toX: 0x07,
  xor: 0xa4,
  xorX: 0xac,
  addX: 0x0c,
  multiply: 0x24,
  shiftRight: 0x74,
  jumpEqual: 0x15,
  jumpGreaterOrEqual: 0x35,
  jumpSet: 0x45,
  return: 0x06,
} as const;

/** Jumps to a name are filled in when it is known where it lies. */
class Assembly {
  readonly #lines: { code: number; k: number; whenTrue?: string; whenFalse?: string }[] = [];
  readonly #names = new Map<string, number>();

  put(code: number, k = 0): this {
    this.#lines.push({ code, k });
    return this;
  }

  test(code: number, k: number, whenTrue: string, whenFalse: string): this {
    this.#lines.push({ code, k, whenTrue, whenFalse });
    return this;
  }

  name(name: string): this {
    this.#names.set(name, this.#lines.length);
    return this;
  }

  words(): Uint32Array {
    const words = new Uint32Array(this.#lines.length * 2);
    for (const [at, { code, k, whenTrue, whenFalse }] of this.#lines.entries()) {
      const reach = (name?: string) => (name === undefined ? 0 : this.#names.get(name)! - at - 1);
      words[at * 2] = code | (reach(whenTrue) << 16) | (reach(whenFalse) << 24);
      words[at * 2 + 1] = k;
    }
    return words;
  }
}

/** Addresses in scratch word 0, ports in word 1; both directions give the same. */
function loadFlow(): Assembly {
  const to = new Assembly();
  to.put(Code.loadHalf, protocol)
    .test(Code.jumpEqual, IPV4!, 'ipv4', 'next')
    .name('next')
    .test(Code.jumpEqual, IPV6!, 'ipv6', 'other');
  to.name('ipv4')
    .put(Code.loadByte, network + 9)
    .test(Code.jumpEqual, TCP!, 'whole', 'other')
    .name('whole')
    .put(Code.loadHalf, network + 6)
    .test(Code.jumpSet, fragmentBits, 'other', 'addresses')
    .name('addresses')
    .put(Code.loadWord, network + 12)
    .put(Code.toX)
    .put(Code.loadWord, network + 16)
    .put(Code.xorX)
    .put(Code.store, 0)
    .put(Code.headerLengthToX, network)
    .put(Code.loadHalfAtX, network)
    .put(Code.store, 1)
    .put(Code.loadHalfAtX, network + 2)
    .test(Code.jumpGreaterOrEqual, 0, 'ports', 'ports');
  to.name('ipv6')
    .put(Code.loadByte, network + 6)
    .test(Code.jumpEqual, TCP!, 'long', 'other')
    .name('long');
  to.put(Code.loadWord, network + 8);
  for (let at = 12; at < 40; at += 4)
    to.put(Code.toX)
      .put(Code.loadWord, network + at)
      .put(Code.xorX);
  to.put(Code.store, 0)
    .put(Code.loadHalf, network + 40)
    .put(Code.store, 1)
    .put(Code.loadHalf, network + 42)
    .name('ports')
    .put(Code.toX)
    .put(Code.loadScratch, 1)
    .put(Code.xorX)
    .put(Code.store, 1);
  return to;
}

/**
 * Frames of `share` of all connections, before what `rest` says of them; or, `inverted`, those of all others.
 * @param key random: who opens connections must not know which are kept
 */
export function flowProgram(
  share: number,
  key: readonly [number, number],
  rest: BpfProgram,
  inverted = false,
): BpfProgram {
  const threshold = Math.min(0xffff_ffff, Math.floor(share * 2 ** 32));
  const mix = (to: Assembly, bits: number) => to.put(Code.toX).put(Code.shiftRight, bits).put(Code.xorX);
  const to = loadFlow();
  to.put(Code.loadScratch, 0)
    .put(Code.xor, key[0] >>> 0)
    .put(Code.multiply, 0x9e37_79b1);
  mix(to, 15)
    .put(Code.toX)
    .put(Code.loadScratch, 1)
    .put(Code.xor, key[1] >>> 0)
    .put(Code.addX);
  mix(to.put(Code.multiply, 0x85eb_ca6b), 13);
  mix(to.put(Code.multiply, 0xc2b2_ae35), 16);
  const [kept, shed] = inverted ? ['refused', 'on'] : ['on', 'refused'];
  to.test(Code.jumpGreaterOrEqual, threshold, shed!, kept!)
    .name('other')
    .test(Code.jumpGreaterOrEqual, 0, kept!, kept!)
    .name('refused')
    .put(Code.return, 0)
    .name('on');
  return joinPrograms(to.words(), rest);
}
