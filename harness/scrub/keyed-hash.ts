/**
 * SipHash-2-4 (Aumasson, Bernstein, 2012) over 16-bit units: without the key nothing is learned of what was hashed, and what is equal
 * has equal hashes. Halves of 64-bit words as 32-bit integers. Hot path of scrubbing: no object a call.
 */
export class KeyedHash {
  /** Of the last hash. */
  high = 0;
  low = 0;
  readonly #key = new Int32Array(4);
  readonly #state = new Int32Array(8);
  #pending = 0;
  #pendingHigh = 0;
  #pendingLow = 0;
  #units = 0;

  /** @param key 16 bytes */
  constructor(key: Uint8Array) {
    const view = new DataView(key.buffer, key.byteOffset, 16);
    for (let i = 0; i < 4; i += 1) this.#key[i] = view.getInt32(i * 4, true);
  }

  begin(): void {
    const key = this.#key;
    const k0l = key[0]!;
    const k0h = key[1]!;
    const k1l = key[2]!;
    const k1h = key[3]!;
    const s = this.#state;
    s[0] = k0l ^ 0x70736575;
    s[1] = k0h ^ 0x736f6d65;
    s[2] = k1l ^ 0x6e646f6d;
    s[3] = k1h ^ 0x646f7261;
    s[4] = k0l ^ 0x6e657261;
    s[5] = k0h ^ 0x6c796765;
    s[6] = k1l ^ 0x79746573;
    s[7] = k1h ^ 0x74656462;
    this.#pending = 0;
    this.#pendingLow = 0;
    this.#pendingHigh = 0;
    this.#units = 0;
  }

  /** Takes 16 bits. */
  unit(value: number): void {
    const shifted = (value & 0xffff) << ((this.#pending & 1) << 4);
    if (this.#pending < 2) this.#pendingLow |= shifted;
    else this.#pendingHigh |= shifted;
    this.#units += 1;
    if (++this.#pending === 4) this.#word();
  }

  /** Leaves the hash in `high` and `low`. */
  end(): void {
    const length = (this.#units * 2) & 0xff;
    while (this.#pending < 3) this.#pending += 1;
    this.#pendingHigh |= length << 24;
    this.#word();
    const s = this.#state;
    s[4]! ^= 0xff;
    for (let i = 0; i < 4; i += 1) this.#round();
    this.low = s[0]! ^ s[2]! ^ s[4]! ^ s[6]!;
    this.high = s[1]! ^ s[3]! ^ s[5]! ^ s[7]!;
  }

  #word(): void {
    const s = this.#state;
    s[6]! ^= this.#pendingLow;
    s[7]! ^= this.#pendingHigh;
    this.#round();
    this.#round();
    s[0]! ^= this.#pendingLow;
    s[1]! ^= this.#pendingHigh;
    this.#pending = 0;
    this.#pendingLow = 0;
    this.#pendingHigh = 0;
  }

  #round(): void {
    const s = this.#state;
    let v0l = s[0]!;
    let v0h = s[1]!;
    let v1l = s[2]!;
    let v1h = s[3]!;
    let v2l = s[4]!;
    let v2h = s[5]!;
    let v3l = s[6]!;
    let v3h = s[7]!;
    let low = (v0l >>> 0) + (v1l >>> 0);
    v0h = (v0h + v1h + (low > 0xffff_ffff ? 1 : 0)) | 0;
    v0l = low | 0;
    low = (v2l >>> 0) + (v3l >>> 0);
    v2h = (v2h + v3h + (low > 0xffff_ffff ? 1 : 0)) | 0;
    v2l = low | 0;
    let t = (v1l << 13) | (v1h >>> 19);
    v1h = ((v1h << 13) | (v1l >>> 19)) ^ v0h;
    v1l = t ^ v0l;
    t = (v3l << 16) | (v3h >>> 16);
    v3h = ((v3h << 16) | (v3l >>> 16)) ^ v2h;
    v3l = t ^ v2l;
    t = v0l;
    v0l = v0h;
    v0h = t;
    low = (v2l >>> 0) + (v1l >>> 0);
    v2h = (v2h + v1h + (low > 0xffff_ffff ? 1 : 0)) | 0;
    v2l = low | 0;
    low = (v0l >>> 0) + (v3l >>> 0);
    v0h = (v0h + v3h + (low > 0xffff_ffff ? 1 : 0)) | 0;
    v0l = low | 0;
    t = (v1l << 17) | (v1h >>> 15);
    v1h = ((v1h << 17) | (v1l >>> 15)) ^ v2h;
    v1l = t ^ v2l;
    t = (v3l << 21) | (v3h >>> 11);
    v3h = ((v3h << 21) | (v3l >>> 11)) ^ v0h;
    v3l = t ^ v0l;
    s[0] = v0l;
    s[1] = v0h;
    s[2] = v1l;
    s[3] = v1h;
    s[4] = v2h;
    s[5] = v2l;
    s[6] = v3l;
    s[7] = v3h;
  }
}
