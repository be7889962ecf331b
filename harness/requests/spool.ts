/** Requests of a recording on disk, read as often as there are passes: their bytes in one file, events in order of time in another. */
import { closeSync, mkdirSync, openSync, readSync, rmSync } from 'node:fs';
import path from 'node:path';
import { EventSort, writeAll } from './event-sort.ts';
import { gatheredBytesMax, pieceBytesMax } from './limits.ts';
import { EventFlag, emptyEvent, eventBytes, type RequestEvent, readEvent } from './request-event.ts';

const dataName = 'requests.bytes';
const eventsName = 'requests.events';
/** Offset and length. */
const pieceEntryBytes = 16;

/** Written together: a request has a few hundred bytes. */
const writeBytes = 1 << 20;

export class SpoolWriter {
  /** Bytes of requests that are being gathered in memory. */
  held = 0;
  readonly #fd: number;
  readonly #sort: EventSort;
  readonly #out = Buffer.allocUnsafe(writeBytes);
  #outLength = 0;
  #written = 0;

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#fd = openSync(path.join(folder, dataName), 'w', 0o600);
    this.#sort = new EventSort(path.join(folder, eventsName));
  }

  gather(): GatheredBytes {
    return new GatheredBytes(this);
  }

  event(event: RequestEvent): void {
    this.#sort.add(event);
  }

  /** @returns where they are */
  write(bytes: Uint8Array): number {
    const offset = this.#written;
    if (this.#outLength + bytes.length > writeBytes) this.#flush();
    if (bytes.length > writeBytes) writeAll(this.#fd, bytes, null);
    else {
      this.#out.set(bytes, this.#outLength);
      this.#outLength += bytes.length;
    }
    this.#written += bytes.length;
    return offset;
  }

  /** @returns how many connections are open at one time at most */
  finish(): number {
    this.#flush();
    closeSync(this.#fd);
    return this.#sort.finish();
  }

  #flush(): void {
    writeAll(this.#fd, this.#out.subarray(0, this.#outLength), null);
    this.#outLength = 0;
  }
}

/** Where the bytes of a request are. */
export type StoredBytes = Pick<RequestEvent, 'offset' | 'length'> & { readonly isInPieces: boolean };

/** The bytes of one request while it flows. */
export class GatheredBytes {
  length = 0;
  readonly #spool: SpoolWriter;
  readonly #pieces: number[] = [];
  #bytes = Buffer.alloc(0);
  #used = 0;

  constructor(spool: SpoolWriter) {
    this.#spool = spool;
  }

  push(bytes: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end; ) {
      const take = Math.min(end - at, pieceBytesMax - this.#used);
      this.#reserve(this.#used + take);
      this.#bytes.set(bytes.subarray(at, at + take), this.#used);
      this.#used += take;
      this.length += take;
      at += take;
      if (this.#used === pieceBytesMax || this.#spool.held > gatheredBytesMax) this.#flush();
    }
  }

  store(): StoredBytes {
    if (this.#pieces.length === 0) {
      const offset = this.#spool.write(this.#bytes.subarray(0, this.#used));
      this.drop();
      return { offset, length: this.length, isInPieces: false };
    }
    this.#flush();
    const table = Buffer.allocUnsafe(this.#pieces.length * 8);
    for (const [at, number] of this.#pieces.entries()) table.writeDoubleLE(number, at * 8);
    const offset = this.#spool.write(table);
    return { offset, length: this.length, isInPieces: true };
  }

  drop(): void {
    this.#spool.held -= this.#bytes.length;
    this.#bytes = Buffer.alloc(0);
    this.#used = 0;
  }

  #reserve(length: number): void {
    if (length <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.min(pieceBytesMax, Math.max(1024, 2 ** Math.ceil(Math.log2(length)))));
    this.#bytes.copy(grown, 0, 0, this.#used);
    this.#spool.held += grown.length - this.#bytes.length;
    this.#bytes = grown;
  }

  #flush(): void {
    if (this.#used > 0) this.#pieces.push(this.#spool.write(this.#bytes.subarray(0, this.#used)), this.#used);
    this.drop();
  }
}

/** Reads a spool once, in order. */
export class SpoolReader {
  readonly #data: number;
  readonly #events: number;
  readonly #window = Buffer.alloc(1024 * eventBytes);
  readonly #view = new DataView(this.#window.buffer, this.#window.byteOffset, this.#window.length);
  readonly #event = emptyEvent();
  #at = 0;
  #length = 0;
  #isClosed = false;

  constructor(folder: string) {
    this.#data = openSync(path.join(folder, dataName), 'r');
    this.#events = openSync(path.join(folder, eventsName), 'r');
  }

  /** The next event, valid until the next call; null at the end. */
  next(): RequestEvent | null {
    if (this.#at >= this.#length) {
      this.#length = readSync(this.#events, this.#window, 0, this.#window.length, null);
      this.#at = 0;
      if (this.#length === 0) return null;
    }
    readEvent(this.#view, this.#at, this.#event);
    this.#at += eventBytes;
    return this.#event;
  }

  /** The bytes of a request, piece by piece: each a copy of its own, the first holds its head. */
  *pieces({ offset, length, flags }: Pick<RequestEvent, 'offset' | 'length' | 'flags'>): Generator<Buffer> {
    if ((flags & EventFlag.pieces) === 0) {
      yield this.#read(offset, length);
      return;
    }
    for (let done = 0, at = offset; done < length; at += pieceEntryBytes) {
      const entry = this.#read(at, pieceEntryBytes);
      const size = entry.readDoubleLE(8);
      yield this.#read(entry.readDoubleLE(0), size);
      done += size;
    }
  }

  /** The first bytes of a request; none once it is closed. */
  beginning(where: Pick<RequestEvent, 'offset' | 'length' | 'flags'>, bytesMax: number): Buffer {
    const { offset, length, flags } = where;
    if (this.#isClosed) return Buffer.alloc(0);
    if ((flags & EventFlag.pieces) === 0) return this.#read(offset, Math.min(length, bytesMax));
    const [first] = this.pieces(where);
    return first!.subarray(0, bytesMax);
  }

  close(): void {
    this.#isClosed = true;
    closeSync(this.#data);
    closeSync(this.#events);
  }

  #read(offset: number, length: number): Buffer {
    // Small ones are of Node.js's pool: an array buffer for each request would bring collections, and each makes requests late.
    const bytes = Buffer.allocUnsafe(length);
    for (let at = 0; at < length; ) {
      const read = readSync(this.#data, bytes, at, length - at, offset + at);
      if (read === 0) throw new Error('the spool of requests was cut');
      at += read;
    }
    return bytes;
  }
}

export function removeSpool(folder: string): void {
  for (const name of [dataName, eventsName, `${eventsName}.runs`]) rmSync(path.join(folder, name), { force: true });
}
