/**
 * Runs the harness in a network of its own: no privilege needed, nothing of the machine's network touched, and nothing
 * to clean up, because the kernel takes the devices away with the last process.
 */
import { spawn, spawnSync } from 'node:child_process';
import { readlinkSync, writeSync } from 'node:fs';
import { FloodgateError } from '../../agent/errors.ts';

/** Holds the network namespace's identity, so that a variable that leaked from elsewhere is not believed. */
const markVariable = 'FLOODGATE_NAMESPACE';
/** The descriptor on which the program inside says that it hears signals. */
const readyVariable = 'FLOODGATE_NAMESPACE_READY';
const readyDescriptor = 3;
/** What it says there. */
const heardLine = 'heard\n';
const endLine = 'ends\n';
/** How the error begins that is printed where the program inside did not end by itself. */
export const killedWords = 'the run was killed';
/** As the program itself ends when it is interrupted. */
const interruptedExitCode = 3;

/**
 * What is tried, best first: in a process namespace every descendant dies with us, even after SIGKILL, but containers
 * may refuse to mount its /proc; a user namespace is what makes it work without root.
 */
function attempts(isRoot: boolean): readonly (readonly string[])[] {
  const processes = ['--pid', '--fork', '--kill-child', '--mount-proc'];
  const asUser = ['--user', '--map-root-user', '--net'];
  return isRoot
    ? [['--net', ...processes], [...asUser, ...processes], ['--net'], asUser]
    : [[...asUser, ...processes], asUser];
}

/** Whether this process runs in a network namespace that `runInNamespace` made. */
export function isInNamespace(): boolean {
  const mark = process.env[markVariable];
  return mark !== undefined && mark !== networkIdentity();
}

/** Set inside once signals are heard. */
let say: ((text: string) => void) | undefined;

/**
 * Says, inside, that signals are heard from here on, and later that this program ends by itself: one that is killed says
 * nothing, and its exit code is then that of whoever started it. Nothing where this is not the program that was started there.
 */
export function reportSignalsHeard(): void {
  if (process.env[readyVariable] !== String(readyDescriptor)) return;
  // Not for those we start.
  delete process.env[readyVariable];
  say = (text) => {
    try {
      writeSync(readyDescriptor, text);
    } catch {
      // Whoever started us is gone, and we go with it.
    }
  };
  say(heardLine);
  process.on('exit', () => say?.(endLine));
}

/**
 * Gives, inside, a line to the program that started this one: it still has the machine's network.
 * @returns false where this is not the program that was started there
 */
export function noteForStarter(line: string): boolean {
  say?.(`${line}\n`);
  return say !== undefined;
}

/**
 * Runs a program in a fresh network namespace, with our standard streams, and resolves with its exit code. SIGINT,
 * SIGTERM and SIGHUP are passed on; the program sees them once. One that comes before `reportSignalsHeard` ends it: the first
 * process of a namespace ignores what it does not handle, so it would be lost, and nothing runs yet that had to be ended well.
 * @param program the command line, e.g. `[process.execPath, ...process.execArgv, ...process.argv.slice(1)]`.
 * @param onNote takes each line of `noteForStarter` once the program has ended by itself
 * @throws FloodgateError `namespace-refused` with what to do about it; `KILLED` where the program did not end by itself.
 */
export async function runInNamespace(
  program: readonly string[],
  onNote: (line: string) => Promise<void> = async () => undefined,
): Promise<number> {
  const command = [...dieWithUs(), 'unshare', ...findAttempt(), '--', ...program];
  const child = spawn(command[0]!, command.slice(1), {
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
    env: { ...process.env, [markVariable]: networkIdentity(), [readyVariable]: String(readyDescriptor) },
    // A group of its own: a Ctrl-C in the terminal would reach the program a second time beside ours.
    detached: true,
  });
  let said = '';
  let isInterrupted = false;
  child.stdio[readyDescriptor]!.on('data', (chunk) => {
    said += chunk;
  });
  const pass = (signal: NodeJS.Signals) => {
    isInterrupted = true;
    try {
      process.kill(-child.pid!, said.startsWith(heardLine) ? signal : 'SIGKILL');
    } catch {
      // It is over: the exit code is on its way.
    }
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, pass);
  const killAll = () => pass('SIGKILL');
  process.on('exit', killAll);
  try {
    const exitCode = await new Promise<number>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => {
        // Of a program that was killed `unshare` makes a 1, which is a verdict of ours.
        const isKilled = signal !== null || (said.startsWith(heardLine) ? !said.endsWith(endLine) : code === 1);
        if (!isKilled) resolve(code!);
        else if (isInterrupted) resolve(interruptedExitCode);
        else reject(killed(signal));
      });
    });
    if (said.endsWith(endLine)) for (const line of said.split('\n').slice(1, -2)) await onNote(line);
    return exitCode;
  } finally {
    process.off('exit', killAll);
    for (const signal of signals) process.off(signal, pass);
  }
}

/** The kernel ends the namespace's first process when this one ends, even by SIGKILL. Not everywhere to be had. */
function dieWithUs(): readonly string[] {
  const command = ['setpriv', '--pdeathsig', 'KILL', '--'];
  const probe = spawnSync(command[0]!, [...command.slice(1), 'true'], { stdio: 'ignore', timeout: 10_000 });
  return probe.status === 0 ? command : [];
}

/** The first combination the kernel allows, tried on a program that does nothing. */
function findAttempt(): readonly string[] {
  if (process.platform !== 'linux') {
    throw refused(`a TAP device in a network namespace needs Linux, and this is ${process.platform}`, undefined);
  }
  const tried = attempts(process.getuid?.() === 0);
  let said = '';
  for (const options of tried) {
    const probe = spawnSync('unshare', [...options, '--', 'true'], { encoding: 'utf8', timeout: 10_000 });
    if (probe.error) throw refused('the program "unshare" (package util-linux) is missing', probe.error);
    if (probe.status === 0) return options;
    said = probe.stderr.trim().split('\n').at(-1) ?? '';
  }
  throw refused(`the kernel refuses a network namespace (${said || 'no reason given'})`, undefined);
}

function killed(signal: NodeJS.Signals | null): FloodgateError {
  const how = signal === null ? '' : ` (${signal})`;
  return new FloodgateError('killed', `${killedWords}${how} before its verdict: nothing was judged`, {
    hint: 'Nothing of it is left running. Was the machine, or a container, out of memory? The kernel says so: dmesg.',
  });
}

function refused(message: string, cause: unknown): FloodgateError {
  return new FloodgateError('namespace-refused', message, {
    hint:
      'use the exact lane, which needs no privilege: --lane exact. For the TAP lane, run as root (sudo), or allow user ' +
      'namespaces: sysctl kernel.unprivileged_userns_clone=1 (Debian), sysctl kernel.apparmor_restrict_unprivileged_userns=0 ' +
      '(Ubuntu); in a container: --cap-add SYS_ADMIN --cap-add NET_ADMIN --device /dev/net/tun',
    cause,
  });
}

function networkIdentity(): string {
  try {
    return readlinkSync('/proc/self/ns/net');
  } catch {
    return '';
  }
}
