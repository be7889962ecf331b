/**
 * Interim answers (`103 Early Hints`, `100 Continue`): their bytes go out on the connection of the answer that they precede, and make up for
 * nothing that is missing in it.
 */
import type { EventEmitter } from 'node:events';

type Write = (this: Interim, ...words: unknown[]) => unknown;

interface Interim {
  /** Bytes that wait for the answers before this one. */
  readonly outputSize?: number;
  readonly socket?: (EventEmitter & { readonly bytesWritten: number }) | null;
}

/** Where there is the first, the others go through it. */
const ways = [['writeInformation'], ['writeContinue', 'writeProcessing', 'writeEarlyHints']] as const;

export class InterimAnswers {
  readonly #bytes = new WeakMap<object, number>();
  #isWatching = false;

  /** Watches all answers of this kind from now on. Safe to call again. */
  watch(response: object): void {
    if (this.#isWatching) return;
    this.#isWatching = true;
    for (const names of ways) {
      const owners = names.map((name) => [name, ownerOf(response, name)] as const);
      for (const [name, owner] of owners) if (owner) this.#count(owner, name);
      if (owners.some(([, owner]) => owner)) return;
    }
  }

  /** In front of this answer. */
  bytesOf(response: object): number {
    return this.#bytes.get(response) ?? 0;
  }

  #count(owner: Record<string, Write>, name: string): void {
    const write = owner[name]!;
    const bytes = this.#bytes;
    owner[name] = function (...words) {
      const before = writtenBy(this);
      const result = write.apply(this, words);
      bytes.set(this, (bytes.get(this) ?? 0) + writtenBy(this) - before);
      return result;
    };
  }
}

function writtenBy({ outputSize = 0, socket }: Interim): number {
  return outputSize + (socket?.bytesWritten ?? 0);
}

/** Whose own method it is. */
function ownerOf(object: object, name: string): Record<string, Write> | undefined {
  let owner: object | null = object;
  while (owner && !Object.hasOwn(owner, name)) owner = Object.getPrototypeOf(owner);
  return (owner as Record<string, Write> | null) ?? undefined;
}
