/** The real table; each fragment is described first. */
import { FragmentTable as RealFragmentTable } from '../../../agent/wire/fragments.ts';
import type { Packet } from '../../../agent/wire/packet.ts';

export * from '../../../agent/wire/fragments.ts';

const isLogged = false;

export class FragmentTable extends RealFragmentTable {
  override add(packet: Packet, bytes: Uint8Array, tsUs: number): number {
    debug(describeFragment(packet, bytes, tsUs));
    return super.add(packet, bytes, tsUs);
  }
}

function describeFragment(packet: Packet, bytes: Uint8Array, tsUs: number): string {
  let dump = '';
  for (let at = packet.payloadStart; at < packet.payloadEnd; at += 16) {
    dump += `${Buffer.prototype.hexSlice.call(bytes, at, Math.min(at + 16, packet.payloadEnd))} `;
  }
  return `${tsUs} ${packet.fragmentId}+${packet.fragmentOffset}: ${dump}`;
}

function debug(line: string): void {
  if (isLogged) process.stderr.write(line);
}
