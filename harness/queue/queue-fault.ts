/** What Redis, or the way to it, says when it cannot be used, as the operator's error. Pure. */
import { FloodgateError } from '../../agent/errors.ts';
import { type QueueAddress, shownQueue } from './queue-address.ts';

/** By the first word of the server's answer (redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors). */
const faults: Readonly<Record<string, { readonly code: string; readonly hint: string }>> = {
  NOAUTH: { code: 'queue-refused', hint: 'It wants a password: redis://USER:PASSWORD@HOST in FLOODGATE_REDIS.' },
  WRONGPASS: { code: 'queue-refused', hint: 'Check user and password in its address.' },
  NOPERM: {
    code: 'queue-refused',
    hint: 'The user needs the keys floodgate:* with all commands on them, EVAL and INFO.',
  },
  OOM: { code: 'queue-full', hint: 'Remove batches that are over: floodgate queue remove ID. Or raise its maxmemory.' },
  MISCONF: { code: 'queue-unwritable', hint: 'It cannot write its files: look into its log.' },
  READONLY: { code: 'queue-unwritable', hint: 'Give the address of the primary, not of a replica.' },
};

/** @param error of the client. Anything that is no fault of the server is returned as it is. */
export function queueFault(address: QueueAddress, error: unknown): unknown {
  if (error instanceof FloodgateError || !(error instanceof Error)) return error;
  const { code, previousErrors } = error as NodeJS.ErrnoException & { readonly previousErrors?: readonly Error[] };
  // A transaction that was refused says why beside.
  const message = previousErrors?.[0]?.message ?? error.message;
  // The error's own fields hold the command with its arguments, which may be a password: only its message is taken.
  const known = faults[/^[A-Z]+/.exec(message.replace(/^ERR /, ''))?.[0] ?? ''];
  if (known !== undefined) return fault(known.code, address, message, known.hint);
  if (
    /^E[A-Z_]+$/.test(code ?? '') ||
    /connect|closed|timed? ?out|max retries|socket|certificate|altnames/i.test(message)
  ) {
    return unreachable(address, message);
  }
  return error;
}

export function unreachable(address: QueueAddress, why: string): FloodgateError {
  return fault('queue-unreachable', address, why, hintOf(address, why));
}

/** By what Node.js says of a connection with TLS (nodejs.org/api/tls.html#x509-certificate-error-codes). */
function hintOf({ isEncrypted }: QueueAddress, why: string): string {
  if (!isEncrypted)
    return 'Is the server up, and its address right (rediss:// where it wants TLS)? See FLOODGATE_REDIS.';
  if (/self-signed|unable to (get|verify)|altnames|certificate/i.test(why)) {
    return 'Let Node.js know who signed it: NODE_EXTRA_CA_CERTS=FILE (PEM). The host is to be named as the certificate has it.';
  }
  return 'Is the server up, and its address right (redis:// where it has no TLS)? See FLOODGATE_REDIS.';
}

function fault(code: string, address: QueueAddress, why: string, hint: string): FloodgateError {
  return new FloodgateError(code, `the queue at ${shownQueue(address)} cannot be used: ${why}`, { hint });
}
