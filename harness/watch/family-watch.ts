/** Watches the processes that a target has started: a line of memory each, and all together with shared pages counted once. */
import { commandOf, descendantsOf, processLine } from './descendants.ts';
import { MemoryWatch } from './memory-watch.ts';

export interface FamilyMember {
  readonly pid: number;
  readonly parent: number;
  /** Of its command line. They have changed where a shell has become another program: as of the last look. */
  words: readonly string[];
  readonly startMs: number;
  endMs: number | null;
  /** Undefined where its memory could not be read. */
  readonly watch: MemoryWatch | undefined;
  /** Why not; empty where it could. */
  readonly refusal: string;
}

export interface FamilyWatchOptions {
  /** Whose descendants are watched. */
  readonly root: number;
  /** Watched by another, its lines are read here: the target itself. */
  readonly target: { readonly pid: number; readonly watch: MemoryWatch };
  readonly nowMs: () => number;
}

/** Between two looks for new ones: one that lives for less is listed only where the preload says that it was started. */
const lookMs = 50;
/** Between two looks at all processes, for those whose parent has ended. */
const thoroughMs = 1_000;
const sampleMs = 50;
/** What it shares changes when another begins or ends, and is read anew then; else so often. */
const rollupMs = 1_000;
/** A timer and some descriptors each. */
const membersMax = 64;

export class FamilyWatch {
  readonly members: FamilyMember[] = [];
  /** Processes beyond those that are watched. */
  unwatched = 0;
  readonly #options: FamilyWatchOptions;
  readonly #known = new Map<number, { readonly startTicks: string; readonly member: FamilyMember | undefined }>();
  readonly #timer: NodeJS.Timeout;
  #thoroughDueMs = 0;

  constructor(options: FamilyWatchOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.look(), lookMs);
    this.look();
  }

  /** Looks for new ones, and for those that have ended. */
  look(): void {
    const nowMs = this.#options.nowMs();
    const isThorough = nowMs >= this.#thoroughDueMs;
    if (isThorough) this.#thoroughDueMs = nowMs + thoroughMs;
    const pids = descendantsOf(this.#options.root, (pid) => this.#known.has(pid), isThorough);
    const { pid: target } = this.#options.target;
    if (target !== this.#options.root) pids.push(this.#options.root);
    let hasChanged = false;
    for (const pid of pids) if (pid !== target && this.add(pid)) hasChanged = true;
    for (const { member } of this.#known.values()) {
      if (!member || member.endMs !== null) continue;
      if (processLine(member.pid) !== undefined) {
        if (isThorough) this.#readWords(member);
        continue;
      }
      this.#end(member);
      hasChanged = true;
    }
    if (hasChanged) this.#readShares();
  }

  /** A process that has been started. @returns whether it is a new one */
  add(pid: number): boolean {
    const line = processLine(pid);
    const known = this.#known.get(pid);
    if (!line || known?.startTicks === line.startTicks) return false;
    if (known?.member && known.member.endMs === null) this.#end(known.member);
    if (this.members.length >= membersMax) {
      this.unwatched += 1;
      this.#known.set(pid, { startTicks: line.startTicks, member: undefined });
      return true;
    }
    const member = this.#open(pid, line.parent);
    this.#known.set(pid, { startTicks: line.startTicks, member });
    this.members.push(member);
    return true;
  }

  /** One that was started and is gone: nothing is known but that. */
  addUnseen(pid: number, words: readonly string[], tMs: number): void {
    if (this.members.length >= membersMax) {
      this.unwatched += 1;
      return;
    }
    const refusal = 'it had ended before it could be looked at';
    this.members.push({ pid, parent: 0, words, startMs: tMs, endMs: tMs, watch: undefined, refusal });
  }

  /** Takes the last samples; safe to call twice. */
  stop(): void {
    clearInterval(this.#timer);
    for (const { watch } of this.members) watch?.stop();
  }

  #open(pid: number, parent: number): FamilyMember {
    const { nowMs } = this.#options;
    const head = { pid, parent, words: commandOf(pid), startMs: nowMs(), endMs: null };
    try {
      const watch = new MemoryWatch({ pid, sampleMs, rollupMs, nowMs, maps: false });
      watch.sample();
      return { ...head, watch, refusal: '' };
    } catch (error) {
      return { ...head, watch: undefined, refusal: (error as Error).message };
    }
  }

  #readWords(member: FamilyMember): void {
    const words = commandOf(member.pid);
    if (words.length > 0) member.words = words;
  }

  #end(member: FamilyMember): void {
    member.endMs = this.#options.nowMs();
    member.watch?.stop();
  }

  /** A page that one more process maps, or one less, is shared out anew among all of them. */
  #readShares(): void {
    this.#options.target.watch.readShares();
    for (const { watch, endMs } of this.members) if (endMs === null) watch?.readShares();
  }
}
