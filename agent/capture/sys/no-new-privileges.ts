/**
 * That nothing is to be gained back once root is dropped. The C library changes the user in every thread of the process, but
 * these properties are each thread's own, and the threads of V8 and libuv run none of our calls: the kernel sets
 * `no_new_privs` in all of them as it gives all of them one seccomp filter (SECCOMP_FILTER_FLAG_TSYNC), which is why there
 * is one that allows everything. From then on no program that is started gains anything, so that a bounding set is no more
 * than a second lock: emptied in the threads that are ours, and so in all that they start.
 */
import { readFileSync } from 'node:fs';
import { acceptAll, instructionBytes } from '../bpf-program.ts';
import { type Libc, loadKoffi } from './libc.ts';

const PR_CAPBSET_DROP = 24;
const PR_CAP_AMBIENT = 47;
const PR_CAP_AMBIENT_CLEAR_ALL = 4;
const PR_SET_NO_NEW_PRIVS = 38;
const LINUX_CAPABILITY_VERSION_3 = 0x2008_0522;
const SECCOMP_SET_MODE_FILTER = 1;
/** All threads at once; and without the mitigations of speculation that older kernels bring with any filter, at a cost. */
const flags = { tsync: 1, specAllow: 4 };
const SECCOMP_RET_ALLOW = 0x7fff_0000;
const seccompNumbers: Partial<Record<NodeJS.Architecture, number>> = { x64: 317, arm64: 277, riscv64: 277 };

/**
 * Leaves the calling thread, and those it starts from now on, no capability to hand on: bounding, inheritable and ambient
 * sets are emptied. Its effective ones stay. What the system refuses (a container without CAP_SETPCAP) stays as it is.
 */
export function forgoCapabilities(libc: Libc): void {
  const last = Number(readFileSync('/proc/sys/kernel/cap_last_cap', 'utf8'));
  for (let capability = 0; capability <= last; capability += 1) libc.prctl(PR_CAPBSET_DROP, capability, 0);
  libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0);
  const header = Uint32Array.of(LINUX_CAPABILITY_VERSION_3, 0);
  // Effective, permitted, inheritable; then the upper 32 bits of each.
  const sets = new Uint32Array(6);
  if (libc.capget(header, sets) !== 0) return;
  sets[2] = 0;
  sets[5] = 0;
  libc.capset(header, sets);
}

/** Sets `no_new_privs` in every thread of the process; where the kernel has no seccomp, in the calling one alone. */
export function forbidNewPrivileges(libc: Libc): void {
  libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0);
  const number = seccompNumbers[process.arch];
  if (number === undefined) return;
  // struct sock_fprog, as in packet-socket.ts.
  const program = acceptAll(SECCOMP_RET_ALLOW).instructions;
  const instructions = new Uint8Array(new ArrayBuffer(program.length));
  instructions.set(program);
  const head = new DataView(new ArrayBuffer(16));
  head.setUint16(0, instructions.length / instructionBytes, true);
  head.setBigUint64(8, loadKoffi()!.address(instructions), true);
  const argument = new Uint8Array(head.buffer);
  const install = (wanted: number) => libc.syscall(number, SECCOMP_SET_MODE_FILTER, wanted, argument) === 0;
  // Before Linux 4.17 there was nothing to opt out of.
  if (!install(flags.tsync | flags.specAllow)) install(flags.tsync);
}
