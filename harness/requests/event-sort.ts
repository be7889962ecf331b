/** Sorts any number of events in constant memory: sorted runs in a file, then one merge (Knuth, The Art of Computer Programming, 5.4). */
import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { eventsPerRun } from './limits.ts';
import { compareEvents, EventKind, eventBytes, kindAt, type RequestEvent, writeEvent } from './request-event.ts';

/** Read at a time of each run. */
const windowEvents = 512;

export class EventSort {
  readonly #file: string;
  readonly #runsFile: string;
  readonly #perRun: number;
  readonly #bytes: Buffer;
  readonly #view: DataView;
  readonly #runs: { readonly start: number; readonly end: number }[] = [];
  #count = 0;
  #fd: number;
  #written = 0;

  /** @param file is made, and holds the events in order once `finish` has returned */
  constructor(file: string, perRun = eventsPerRun) {
    this.#file = file;
    this.#runsFile = `${file}.runs`;
    this.#perRun = perRun;
    this.#bytes = Buffer.alloc(perRun * eventBytes);
    this.#view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.length);
    this.#fd = openSync(this.#runsFile, 'w+', 0o600);
  }

  add(event: RequestEvent): void {
    if (this.#count === this.#perRun) this.#endRun();
    writeEvent(this.#view, this.#count * eventBytes, event);
    this.#count += 1;
  }

  /** @returns how many connections are open at one time at most */
  finish(): number {
    this.#endRun();
    const out = new EventFile(this.#file);
    try {
      this.#merge(out);
      return out.openMax;
    } finally {
      out.close();
      this.close();
    }
  }

  /** Safe to call twice. */
  close(): void {
    if (this.#fd < 0) return;
    closeSync(this.#fd);
    this.#fd = -1;
    rmSync(this.#runsFile, { force: true });
  }

  #endRun(): void {
    if (this.#count === 0) return;
    const view = this.#view;
    const places = Uint32Array.from({ length: this.#count }, (_, i) => i * eventBytes);
    places.sort((a, b) => compareEvents(view, a, view, b));
    const sorted = Buffer.alloc(this.#count * eventBytes);
    for (const [at, place] of places.entries()) this.#bytes.copy(sorted, at * eventBytes, place, place + eventBytes);
    writeAll(this.#fd, sorted, this.#written);
    this.#runs.push({ start: this.#written, end: this.#written + sorted.length });
    this.#written += sorted.length;
    this.#count = 0;
  }

  #merge(out: EventFile): void {
    const heads = this.#runs.map(({ start, end }) => new RunReader(this.#fd, start, end));
    for (;;) {
      let first: RunReader | undefined;
      // Ten million events are forty runs: a heap would save little.
      for (const head of heads) {
        if (head.isOver) continue;
        if (!first || compareEvents(head.view, head.at, first.view, first.at) < 0) first = head;
      }
      if (!first) return;
      out.write(first.bytes, first.at);
      first.next();
    }
  }
}

class RunReader {
  readonly bytes = Buffer.alloc(windowEvents * eventBytes);
  readonly view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length);
  at = 0;
  isOver = false;
  readonly #fd: number;
  readonly #end: number;
  #position: number;
  #length = 0;

  constructor(fd: number, start: number, end: number) {
    this.#fd = fd;
    this.#position = start;
    this.#end = end;
    this.#fill();
  }

  next(): void {
    this.at += eventBytes;
    if (this.at >= this.#length) this.#fill();
  }

  #fill(): void {
    const wanted = Math.min(this.bytes.length, this.#end - this.#position);
    this.#length = wanted > 0 ? readSync(this.#fd, this.bytes, 0, wanted, this.#position) : 0;
    this.#position += this.#length;
    this.at = 0;
    if (this.#length < eventBytes) this.isOver = true;
  }
}

/** The sorted file, written in pieces. */
class EventFile {
  readonly #fd: number;
  readonly #bytes = Buffer.alloc(windowEvents * eventBytes);
  #length = 0;
  #open = 0;
  openMax = 0;

  constructor(file: string) {
    this.#fd = openSync(file, 'w', 0o600);
  }

  write(bytes: Buffer, at: number): void {
    bytes.copy(this.#bytes, this.#length, at, at + eventBytes);
    this.#length += eventBytes;
    const kind = bytes[at + kindAt];
    if (kind === EventKind.open) this.openMax = Math.max(this.openMax, (this.#open += 1));
    else if (kind === EventKind.close) this.#open -= 1;
    if (this.#length === this.#bytes.length) this.#flush();
  }

  close(): void {
    this.#flush();
    closeSync(this.#fd);
  }

  #flush(): void {
    writeAll(this.#fd, this.#bytes.subarray(0, this.#length), null);
    this.#length = 0;
  }
}

/** @param position null: where the file stands */
export function writeAll(fd: number, bytes: Uint8Array, position: number | null): void {
  for (let at = 0; at < bytes.length; ) {
    at += writeSync(fd, bytes, at, bytes.length - at, position === null ? null : position + at);
  }
}
