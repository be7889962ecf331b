/** Becoming an ordinary user once everything that needs root is open. */
import { readdirSync, readFileSync } from 'node:fs';
import { FloodgateError } from '../../errors.ts';
import { loadLibc } from './libc.ts';
import { forbidNewPrivileges, forgoCapabilities } from './no-new-privileges.ts';

/** The kernel's overflow user: what `nobody` is where no file says so. */
const nobody = 65_534;

/**
 * Drops root for good: groups, group and user, in every thread of the process (the C library sees to that; it is
 * checked). Does nothing unless root. Files that are still to be opened must be open to the new user.
 * @param user a name or number; null for `nobody`. `root` keeps root.
 * @param handOver called with the new user's numbers while the old one's rights still hold.
 * @returns what to say to the operator; null when there is nothing to say.
 * @throws FloodgateError `user-unknown`, `user-not-permitted` or `privileges-kept` when it cannot be done.
 */
export function dropPrivileges(
  user: string | null,
  handOver: (uid: number, gid: number) => void = () => {},
): string | null {
  if (process.platform !== 'linux') return null;
  if (process.geteuid!() !== 0) return staysAs(user);
  const { uid, gid } = lookUp(user ?? 'nobody');
  if (uid === 0) return 'keeps running as root, as asked';
  if (!exists(uid, gid)) {
    return `keeps its user: user ${uid} does not exist in this user namespace, where root has no power outside anyway`;
  }
  handOver(uid, gid);
  const libc = loadLibc();
  if (libc !== null) forgoCapabilities(libc);
  try {
    if (maySetGroups()) process.setgroups!([gid]);
    process.setgid!(gid);
    process.setuid!(uid);
  } catch (error) {
    throw new FloodgateError('user-not-permitted', `cannot become user ${uid}: ${(error as Error).message}`, {
      hint: 'unset UV_USE_IO_URING if it is set, or name root with --user to keep running as root',
      cause: error,
    });
  }
  if (libc !== null) forbidNewPrivileges(libc);
  const mayGain = requireDropped(uid);
  const warning = mayGain ? '; a program it started might gain rights again: this kernel has no seccomp' : '';
  return `runs as user ${user ?? 'nobody'} (${uid}) from here on${warning}`;
}

/** For one more thread that captures, before the leading one drops root: it leaves itself no capability to hand on. */
export function forgoAsThread(user: string | null): void {
  if (process.platform !== 'linux' || process.geteuid!() !== 0) return;
  const { uid, gid } = lookUp(user ?? 'nobody');
  const libc = loadLibc();
  if (uid !== 0 && exists(uid, gid) && libc !== null) forgoCapabilities(libc);
}

function staysAs(user: string | null): null {
  if (user === null || lookUp(user).uid === process.geteuid!()) return null;
  throw new FloodgateError('user-not-permitted', `only root can become user ${user}`, {
    hint: 'start it as root, or leave --user out',
  });
}

function lookUp(user: string): { uid: number; gid: number } {
  if (/^\d{1,9}$/.test(user)) return { uid: Number(user), gid: Number(user) };
  const found = loadLibc()?.userNamed(user) ?? null;
  if (found !== null) return found;
  if (user === 'nobody') return { uid: nobody, gid: nobody };
  throw new FloodgateError('user-unknown', `there is no user ${user}`, { hint: 'see /etc/passwd, or give a number' });
}

function exists(uid: number, gid: number): boolean {
  return isMapped('uid_map', uid) && isMapped('gid_map', gid);
}

/** Whether the user namespace has this number: see user_namespaces(7). */
function isMapped(map: 'uid_map' | 'gid_map', id: number): boolean {
  return readFileSync(`/proc/self/${map}`, 'utf8')
    .trim()
    .split('\n')
    .some((line) => {
      const [first = 0, , count = 0] = line.trim().split(/\s+/).map(Number);
      return id >= first && id < first + count;
    });
}

function maySetGroups(): boolean {
  return readFileSync('/proc/self/setgroups', 'utf8').trim() === 'allow';
}

/**
 * A thread left behind as root would make the whole drop worthless.
 * @returns whether a thread may still gain rights by starting a program
 */
function requireDropped(uid: number): boolean {
  let mayGain = false;
  const wanted = `Uid:\t${uid}\t${uid}\t${uid}\t${uid}`;
  for (const thread of readdirSync('/proc/self/task')) {
    let status: string;
    try {
      status = readFileSync(`/proc/self/task/${thread}/status`, 'utf8');
    } catch {
      continue; // It ended meanwhile.
    }
    mayGain ||= !/^NoNewPrivs:\t1$/m.test(status);
    if (status.includes(wanted) && /^CapEff:\t0+$/m.test(status)) continue;
    throw new FloodgateError('privileges-kept', `thread ${thread} is still privileged after becoming user ${uid}`, {
      hint: 'start it as an ordinary user that may capture (setcap cap_net_raw+ep on the Node.js binary) instead',
    });
  }
  return mayGain;
}
