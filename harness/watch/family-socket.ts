/** Where the preload in a target's children finds us: a socket in the folder of the pass, and a channel for each child. */
import { closeSync, openSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { PreloadChannel } from './preload-channel.ts';

/** A target that starts a child for each request has too many to be looked into. */
const channelsMax = 64;
const findEveryMs = 10;
const socketName = 'family.socket';
/** unix(7): 108 with the zero behind it. */
const pathBytesMax = 107;

export class FamilySocket {
  /** For `PreloadOptions.family`. */
  readonly address: { readonly socket: string };
  /** Of the folder, where its own path is too long. */
  readonly #descriptor: number | undefined;
  /** In the order in which they came; those of children that have ended stay. */
  readonly channels: PreloadChannel[] = [];
  /** Children beyond those that are looked into. */
  refused = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #open = new Set<PreloadChannel>();
  #startEpochMs: number | undefined;
  /** Come before the pass began: what they say waits in the kernel. */
  #waiting: Socket[] = [];

  private constructor(folder: string) {
    const name = path.join(folder, socketName);
    const isShort = Buffer.byteLength(name) <= pathBytesMax;
    this.#descriptor = isShort ? undefined : openSync(folder, 'r');
    this.address = { socket: isShort ? name : `/proc/${process.pid}/fd/${this.#descriptor}/${socketName}` };
    this.#server = createServer({ pauseOnConnect: true }, (socket) => this.#take(socket));
    this.#server.on('error', () => {});
    this.#server.unref();
  }

  /** @param folder of the pass: nobody else may look into it. Where there can be no socket, no child is looked into. */
  static async open(folder: string): Promise<FamilySocket> {
    const family = new FamilySocket(folder);
    await new Promise<void>((resolve) => {
      family.#server.once('error', () => resolve());
      family.#server.listen(family.address.socket, resolve);
    });
    return family;
  }

  /** @param startEpochMs start of the pass: lines are kept relative to it */
  begin(startEpochMs: number): void {
    this.#startEpochMs = startEpochMs;
    for (const socket of this.#waiting.splice(0)) this.#take(socket);
  }

  /** The channel of a child that has been started already; undefined where it says nothing in that time. */
  async find(pid: number, timeoutMs: number): Promise<PreloadChannel | undefined> {
    for (let waitedMs = 0; waitedMs < timeoutMs && !this.of(pid); waitedMs += findEveryMs) await pause(findEveryMs);
    return this.of(pid);
  }

  /** Those whose child still runs. */
  get open(): readonly PreloadChannel[] {
    return [...this.#open];
  }

  /** The last child of that number. */
  of(pid: number): PreloadChannel | undefined {
    return this.channels.findLast((channel) => channel.pid === pid);
  }

  close(): void {
    this.#server.close();
    for (const socket of [...this.#sockets, ...this.#waiting]) socket.destroy();
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
  }

  #take(socket: Socket): void {
    socket.on('error', () => {});
    const startEpochMs = this.#startEpochMs;
    if (startEpochMs === undefined) {
      if (this.#waiting.length < channelsMax) this.#waiting.push(socket);
      else socket.destroy();
      return;
    }
    if (this.#sockets.size >= channelsMax || this.channels.length >= channelsMax) {
      this.refused += 1;
      socket.destroy();
      return;
    }
    const channel = new PreloadChannel(socket, startEpochMs);
    this.channels.push(channel);
    this.#open.add(channel);
    this.#sockets.add(socket);
    socket.on('close', () => {
      this.#open.delete(channel);
      this.#sockets.delete(socket);
    });
    socket.resume();
  }
}
