/**
 * Frames into pcapng files that are begun anew after so many bytes or so much time, the oldest removed for the newest. Only whole
 * blocks are appended, so that a file is readable up to its last block whenever its writer is killed. Memory and disk stay flat.
 */
import { closeSync, ftruncateSync, writeSync } from 'node:fs';
import type { CaptureInterface, FrameSink } from '../../agent/capture/frame-source.ts';
import { frameBytesMax } from '../../agent/pcap/block.ts';
import { PcapngWriter } from '../../agent/pcap/pcapng-writer.ts';
import type { RecordedFile, RecordingFolder } from './recording-folder.ts';

export interface RotationOptions {
  /** A file is ended behind the block that brings it here. */
  readonly fileBytes: number;
  /** A file is ended after so much time, if it holds a frame. */
  readonly fileMs: number;
  /** Of all files of the recording together. */
  readonly diskBytes: number;
  readonly application: string;
  /** The interfaces of the source, which may grow. */
  readonly interfaces: readonly CaptureInterface[];
}

/** What an interface received and lost so far. */
export interface InterfaceCounts {
  readonly framesReceived: number;
  readonly framesDropped: number;
}

/** Blocks gathered before they are appended; a multiple of what a disk takes at once. */
const gatheredBytesMax = 1 << 20;
/** A frame with its block, or the description of an interface. */
const blockBytesMax = frameBytesMax + 4_096;
/** With hardly any traffic each file is small: beyond so many files the oldest go, whatever they hold. A folder with more is slow to list. */
const filesMax = 20_000;

export class RotatingFiles implements FrameSink {
  readonly counts = { frames: 0, bytes: 0, files: 0, filesRemoved: 0, bytesRemoved: 0, framesUnwritten: 0 };
  readonly #folder: RecordingFolder;
  readonly #options: RotationOptions;
  /** Those that are complete, the oldest first. */
  readonly #files: RecordedFile[];
  #filesBytes: number;
  /** Bytes of the disk's share that spikes have. */
  reservedBytes: number;
  readonly #gathered = new Uint8Array(gatheredBytesMax + blockBytesMax);
  #length = 0;
  #gatheredFrames = 0;
  #number: number;
  #fd = -1;
  #name = '';
  #fileBytes = 0;
  #fileFrames = 0;
  #startedMs = 0;
  #writer: PcapngWriter | undefined;
  #described = 0;

  constructor(folder: RecordingFolder, options: RotationOptions) {
    this.#folder = folder;
    this.#options = options;
    this.#files = folder.files();
    this.reservedBytes = folder.keptBytes();
    this.#filesBytes = this.#files.reduce((sum, { bytes }) => sum + bytes, 0);
    this.#number = this.#files.at(-1)?.number ?? 0;
  }

  /** Hot path. */
  frame(bytes: Uint8Array, start: number, end: number, wireLength: number, tsUs: number, interfaceIndex: number): void {
    if (this.#writer === undefined) this.#begin(tsUs / 1000);
    if (interfaceIndex >= this.#described) this.#describe(interfaceIndex);
    const writer = this.#writer!;
    writer.frame(bytes, start, end, wireLength, tsUs, interfaceIndex);
    writer.flush();
    this.counts.frames += 1;
    this.counts.bytes += end - start;
    this.#fileFrames += 1;
    this.#gatheredFrames += 1;
    if (this.#length >= gatheredBytesMax) this.flush();
    if (this.#fileBytes + this.#length >= this.#options.fileBytes) this.end();
  }

  /** Says how many frames each interface received and lost so far; nothing where no file is open. */
  statistics(counts: readonly InterfaceCounts[], tsUs: number): void {
    if (this.#writer === undefined) return;
    for (const [index, each] of counts.entries()) {
      // `any` counts for all its devices at once, and none may have come yet.
      if (index >= this.#options.interfaces.length) break;
      if (index >= this.#described) this.#describe(index);
      this.#writer.interfaceStatistics(index, { ...each, tsUs });
    }
    this.#writer.flush();
    if (this.#length >= gatheredBytesMax) this.flush();
  }

  /** Ends the file that is open where its time is over. */
  endIfDue(nowMs: number): void {
    if (this.#writer !== undefined && this.#fileFrames > 0 && nowMs - this.#startedMs >= this.#options.fileMs)
      this.end();
  }

  /** Appends what was gathered. Where the disk is full the oldest files go; what finds no room then is counted. */
  flush(): void {
    if (this.#length === 0 || this.#fd < 0) return;
    for (;;) {
      try {
        for (let at = 0; at < this.#length; ) at += writeSync(this.#fd, this.#gathered, at, this.#length - at);
        this.#fileBytes += this.#length;
        break;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
        // Half a block may have been written.
        ftruncateSync(this.#fd, this.#fileBytes);
        if (this.#removeOldest()) continue;
        this.counts.framesUnwritten += this.#gatheredFrames;
        break;
      }
    }
    this.#length = 0;
    this.#gatheredFrames = 0;
  }

  /** Ends the file that is open: the next frame begins another. */
  end(): void {
    if (this.#writer === undefined) return;
    this.flush();
    closeSync(this.#fd);
    this.#files.push({ name: this.#name, number: this.#number, bytes: this.#fileBytes });
    this.#filesBytes += this.#fileBytes;
    this.#fd = -1;
    this.#fileBytes = 0;
    this.#writer = undefined;
  }

  /** Names of the files that may hold frames of now, and of those before it, the oldest first. */
  names(): string[] {
    return [...this.#files.map(({ name }) => name), ...(this.#fd < 0 ? [] : [this.#name])];
  }

  /** Bytes of all files. */
  get diskBytes(): number {
    return this.#filesBytes + this.#fileBytes;
  }

  #begin(nowMs: number): void {
    const { diskBytes, fileBytes } = this.#options;
    const roomBytes = diskBytes - this.reservedBytes - fileBytes - blockBytesMax;
    while ((this.#filesBytes > roomBytes || this.#files.length >= filesMax) && this.#removeOldest());
    this.#number += 1;
    const { fd, name } = this.#folder.make(this.#number, nowMs);
    this.#fd = fd;
    this.#name = name;
    this.#startedMs = nowMs;
    this.#fileFrames = 0;
    this.#described = 0;
    this.counts.files += 1;
    this.#writer = new PcapngWriter((bytes, start, end) => this.#gather(bytes, start, end), {
      application: this.#options.application,
      bufferBytes: blockBytesMax,
    });
    this.#writer.flush();
  }

  #describe(upTo: number): void {
    for (; this.#described <= upTo; this.#described += 1) {
      this.#writer!.addInterface(this.#options.interfaces[this.#described]!);
    }
    this.#writer!.flush();
  }

  #gather(bytes: Uint8Array, start: number, end: number): void {
    this.#gathered.set(bytes.subarray(start, end), this.#length);
    this.#length += end - start;
  }

  #removeOldest(): boolean {
    const oldest = this.#files.shift();
    if (!oldest) return false;
    this.#folder.remove(oldest.name);
    this.#filesBytes -= oldest.bytes;
    this.counts.filesRemoved += 1;
    this.counts.bytesRemoved += oldest.bytes;
    return true;
  }
}
