/** The processes that a target starts: watched in the pass that measures, looked into in every pass. */
import { type Answers, preloadFolderName } from '../preload/options.ts';
import { ownRedactor } from '../target/plain-output.ts';
import type { Target } from '../target/target.ts';
import { addedAnswers } from '../watch/answers.ts';
import type { FamilySocket } from '../watch/family-socket.ts';
import { type FamilyMember, FamilyWatch } from '../watch/family-watch.ts';
import type { MemoryWatch } from '../watch/memory-watch.ts';
import { PreloadChannel, preloadArguments } from '../watch/preload-channel.ts';
import type { FamilyResult, NamedMember } from './pass-result.ts';

/** A server behind a launcher has said its first words before it listened: only our own loop has to come to them. */
const findTimeoutMs = 1_000;
/** The same where the program itself may have become a Node.js (`nice node server.js`): most that were given no channel are none, and each pass waits. */
const becomeTimeoutMs = 100;

/**
 * The channel of the process that is watched; it knows those of the others. A launcher has started that process, or has become it.
 * @param isNode the target was started as a Node.js, with a channel of its own
 */
export async function channelOf(
  target: Target,
  socket: FamilySocket | undefined,
  { startEpochMs, isNode }: { readonly startEpochMs: number; readonly isNode: boolean },
): Promise<PreloadChannel> {
  socket?.begin(startEpochMs);
  const first = new PreloadChannel(target.channel, startEpochMs);
  const { pid, rootPid = pid } = target;
  const timeoutMs = pid === rootPid ? becomeTimeoutMs : findTimeoutMs;
  const found = pid === rootPid && isNode ? undefined : await socket?.find(pid, timeoutMs);
  const channel = found ?? first;
  const launcher = found && target.channel ? [first] : [];
  const othersIn = (channels: readonly PreloadChannel[] = []) =>
    [...launcher, ...channels].filter((each) => each !== channel);
  channel.kin = () => othersIn(socket?.open);
  channel.everyKin = () => othersIn(socket?.channels);
  return channel;
}

export class Family {
  readonly #socket: FamilySocket;
  readonly #channel: PreloadChannel;
  readonly #watch: FamilyWatch | undefined;

  constructor(socket: FamilySocket, channel: PreloadChannel, watch: FamilyWatch | undefined) {
    this.#socket = socket;
    this.#channel = channel;
    this.#watch = watch;
    if (watch) channel.onSpawn = (pid) => void watch.add(pid);
  }

  /** @param isMeasured its memory is judged: the processes are watched from outside as well */
  static of(
    socket: FamilySocket | undefined,
    channel: PreloadChannel,
    {
      target,
      watch,
      isMeasured,
      nowMs,
    }: { target: Target; watch: MemoryWatch; isMeasured: boolean; nowMs: () => number },
  ): Family | undefined {
    if (!socket) return undefined;
    const { pid, rootPid = pid, memory } = target;
    if (!isMeasured || pid === 0 || memory) return new Family(socket, channel, undefined);
    return new Family(socket, channel, new FamilyWatch({ root: rootPid, target: { pid, watch }, nowMs }));
  }

  /** Before the target ends. Safe to call twice. */
  stop(): void {
    this.#watch?.look();
    this.#watch?.stop();
  }

  /** Once, after `stop`: it adds those that were started and never seen. */
  async result(): Promise<FamilyResult> {
    const watch = this.#watch;
    const channel = this.#channel;
    const channels = this.#socket.channels.filter((each) => each !== channel);
    const known = new Set(watch?.members.map(({ pid }) => pid));
    for (const { pid, words, tMs } of [channel, ...channels].flatMap(({ spawned }) => spawned)) {
      if (watch && !known.has(pid)) watch.addUnseen(pid, words, tMs);
    }
    return {
      members: await named(watch?.members ?? []),
      channels,
      unwatched: Math.max(watch?.unwatched ?? 0, this.#socket.refused),
    };
  }
}

/** The rules that find secrets take a quarter of a second to load: only a target with children waits for them. */
async function named(members: readonly FamilyMember[]): Promise<NamedMember[]> {
  if (members.length === 0) return [];
  const [redactor, { processCommand }] = await Promise.all([ownRedactor(), import('../redaction/process-command.ts')]);
  return members.map(({ words, ...member }) => ({
    ...member,
    command: processCommand(withoutPreload(words), redactor),
  }));
}

/** A child of Node.js has the arguments of its parent, ours among them: what it runs would be cut off behind them. */
export function withoutPreload(words: readonly string[]): string[] {
  const [flag, ownUrl] = preloadArguments;
  const isOurs = (word = '') => word === ownUrl || word.includes(`/${preloadFolderName}/`);
  return words.filter(
    (word, i) => !(word === flag && isOurs(words[i + 1])) && !(words[i - 1] === flag && isOurs(word)),
  );
}

/**
 * Answers of all processes together; undefined where none gave any.
 * @param unseen processes that could not be asked: what they answered is not known
 */
export function answersOf(channels: readonly PreloadChannel[], unseen: number): Answers | undefined {
  const answers = addedAnswers(channels.map((each) => each.answers));
  const lost = channels.reduce((sum, { threads }) => sum + threads.uncounted, unseen);
  return answers && lost > 0 ? { ...answers, lost: (answers.lost ?? 0) + lost } : answers;
}
