/** How frames are edited, as the command line says it. Pure. */
import { isIPv4, isIPv6 } from 'node:net';
import type { Command } from 'commander';
import { FloodgateError } from '../../agent/errors.ts';
import { formatIpv4, formatIpv6 } from '../../agent/wire/address.ts';
import { parseAddress } from '../../agent/wire/packet-builder.ts';
import { parseQuantity, parseWhole } from '../metrics/quantity.ts';
import { prefixMask } from '../traffic/edit/addresses.ts';
import type { EditOrder, Moment, NetworkMap } from '../traffic/edit/edit-order.ts';
import { repeated } from './repeated-option.ts';

/** As they were typed; what may be repeated is a list, or the list in words, as a report keeps it. */
export interface EditFlags {
  readonly from?: string;
  readonly to?: string;
  readonly filter?: string;
  readonly limit?: string;
  readonly map?: string | readonly string[];
  readonly port?: string | readonly string[];
  readonly mac?: string | readonly string[];
  readonly vlan?: string;
  readonly mtu?: string;
  readonly fixChecksums?: boolean | string;
  readonly snap?: string;
}

export function addEditOptions(command: Command): void {
  command
    .option('--from <time>', 'frames from here on: after the first frame (10s), or a date (2026-01-31T12:00:00Z)')
    .option('--to <time>', 'frames up to here, in the same way')
    .option('--filter <expression>', 'only frames that match, as in pcap-filter(7): "tcp port 8080"')
    .option('--limit <n>', 'so many frames, counted behind the filter')
    .option(
      '--map <from=to>',
      'addresses of a network become those of another: 10.1.0.0/16=172.16.0.0; may be repeated',
      repeated,
    )
    .option('--port <from=to>', 'a port becomes another: 8080=80; may be repeated', repeated)
    .option('--mac <from=to>', 'a MAC address becomes another; may be repeated', repeated)
    .option('--vlan <n>', 'every frame in this VLAN; none: takes tags away')
    .option('--mtu <bytes>', 'TCP segments over it are cut, as an offloading card does')
    .option('--fix-checksums', 'checksums are made right')
    .option('--snap <bytes>', 'frames are cut to so many bytes');
}

const bytesMax = 262_144;

/** @returns undefined where nothing is to be edited. @throws FloodgateError `option-invalid` that says what is wanted */
export function editOrderOf(flags: EditFlags): EditOrder | undefined {
  const { from, to, filter, limit, vlan, mtu, fixChecksums, snap } = flags;
  const order: EditOrder = {
    ...(from !== undefined && { from: momentOf(from, '--from') }),
    ...(to !== undefined && { to: momentOf(to, '--to') }),
    ...(filter !== undefined && { filter }),
    ...(limit !== undefined && { limit: parseWhole(limit, '--limit', { min: 1, max: Number.MAX_SAFE_INTEGER }) }),
    ...listed('map', flags.map, mapOf, clashingMaps),
    ...listed('ports', flags.port, portsOf, clashingPairs('--port')),
    ...listed('macs', flags.mac, macsOf, clashingPairs('--mac')),
    ...(vlan !== undefined && { vlan: vlan === 'none' ? vlan : parseWhole(vlan, '--vlan', { min: 0, max: 4_094 }) }),
    ...(mtu !== undefined && { mtu: parseWhole(mtu, '--mtu', { min: 68, max: bytesMax }) }),
    ...(fixChecksums && { fixesChecksums: true }),
    ...(snap !== undefined && { snap: parseWhole(snap, '--snap', { min: 14, max: bytesMax }) }),
  };
  refuseEmptyWindow(order, flags);
  return Object.keys(order).length === 0 ? undefined : order;
}

/** A window holds the frames from its beginning up to its end, which is in it no more. */
function refuseEmptyWindow({ from, to }: EditOrder, words: EditFlags): void {
  if (to === undefined) return;
  if (to.kind === 'offset' && to.us === 0) {
    throw bad(`--to ${words.to}: no frame is before the first one`, 'Write for example --to 10s.');
  }
  if (from?.kind !== to.kind || from.us < to.us) return;
  const both = `--from ${words.from} --to ${words.to}`;
  if (from.us === to.us) throw bad(`${both}: the window ends where it begins`, 'Give --to a later time than --from.');
  throw bad(`${both}: the window ends before it begins`, `Write --from ${words.to} --to ${words.from}.`);
}

interface Given<T> {
  readonly text: string;
  readonly value: T;
}

/** @param clash throws where two of them cannot both hold; called with each and one that was given before it */
function listed<T>(
  name: string,
  texts: string | readonly string[] | undefined,
  parse: (text: string) => T,
  clash: (earlier: Given<T>, later: Given<T>) => void,
) {
  const all = typeof texts === 'string' ? texts.split(',').map((text) => text.trim()) : texts;
  if (!all || all.length === 0) return undefined;
  const given = all.map((text) => ({ text, value: parse(text) }));
  for (const [at, later] of given.entries()) for (const earlier of given.slice(0, at)) clash(earlier, later);
  return { [name]: given.map(({ value }) => value) };
}

/** The first network that an address is in decides, so a narrow one stands before the one around it; and hosts stay apart. */
function clashingMaps(earlier: Given<NetworkMap>, later: Given<NetworkMap>): void {
  const both = `--map: "${earlier.text}" and "${later.text}"`;
  const [one, other] = [earlier.value, later.value];
  if (one.prefixBits <= other.prefixBits && overlap(one, other, 'from')) {
    const isSame = one.prefixBits === other.prefixBits;
    throw bad(
      `${both} are about the same addresses: the second would never apply`,
      isSame ? 'Keep one of them.' : 'Put the narrower network first.',
    );
  }
  if (overlap(one, other, 'to') && !overlap(one, other, 'from')) {
    throw bad(`${both} would make one host of two`, 'Give each a network of its own: their bits of a host stay.');
  }
}

function overlap(one: NetworkMap, other: NetworkMap, side: 'from' | 'to'): boolean {
  const bits = Math.min(one.prefixBits, other.prefixBits);
  const isSame = (byte: number, at: number) => ((byte ^ other[side][at]!) & prefixMask(bits, at)) === 0;
  return one[side].length === other[side].length && one[side].every(isSame);
}

function clashingPairs(option: string) {
  return (earlier: Given<readonly [unknown, unknown]>, later: Given<readonly [unknown, unknown]>): void => {
    if (earlier.value[0] !== later.value[0]) return;
    throw bad(`${option}: "${earlier.text}" and "${later.text}" say two things about one`, 'Keep one of them.');
  };
}

function momentOf(text: string, option: string): Moment {
  if (/^\d{4}-/.test(text)) {
    const ms = Date.parse(text);
    if (!Number.isNaN(ms)) return { kind: 'absolute', us: ms * 1e3 };
    throw bad(`${option}: "${text}" is no date`, `Write for example ${option} 2026-01-31T12:00:00Z.`);
  }
  return { kind: 'offset', us: Math.round(parseQuantity(text, option, 'seconds') * 1e6) };
}

function halves(text: string, option: string, example: string): [string, string] {
  const [from, to, more] = text.split('=');
  if (from && to && more === undefined) return [from, to];
  throw bad(
    `${option}: "${text}" does not say what becomes of what`,
    `Write FROM=TO, for example ${option} ${example}.`,
  );
}

const mapExample = '10.1.0.0/16=172.16.0.0';

function mapOf(text: string): NetworkMap {
  const [left, right] = halves(text, '--map', mapExample);
  const [from, to] = [networkOf(left, text), networkOf(right, text)];
  const prefixBits = from.bits ?? from.address.length * 8;
  if (from.address.length !== to.address.length || (to.bits !== undefined && to.bits !== prefixBits)) {
    throw bad(`--map: the two networks of "${text}" are not of one size`, `Write for example --map ${mapExample}.`);
  }
  if (bitsOf(from.address) > prefixBits || bitsOf(to.address) > prefixBits) {
    // The network that is written to says how long its prefix is at least.
    const bits = Math.max(prefixBits, bitsOf(to.address));
    const [before, after] = [from, to].map(({ address }) => `${networkText(address, bits)}/${bits}`);
    throw bad(
      `--map: "${text}" has bits behind the ${prefixBits} of its networks`,
      `The bits of a host stay as they are. Write --map ${before}=${after}, or networks of one size, as in ${mapExample}.`,
    );
  }
  return { from: from.address, to: to.address, prefixBits };
}

/** The shortest prefix that an address is the network of. */
function bitsOf(address: readonly number[]): number {
  const last = address.findLastIndex((byte) => byte !== 0);
  return last < 0 ? 0 : last * 8 + 8 - Math.log2(address[last]! & -address[last]!);
}

function networkText(address: readonly number[], prefixBits: number): string {
  const bytes = Buffer.from(address.map((byte, at) => byte & prefixMask(prefixBits, at)));
  if (bytes.length === 4) return formatIpv4(bytes.readUInt32BE());
  return formatIpv6(bytes.readUInt32BE(), bytes.readUInt32BE(4), bytes.readUInt32BE(8), bytes.readUInt32BE(12));
}

function networkOf(text: string, whole: string): { address: number[]; bits: number | undefined } {
  const [address = '', bits, more] = text.split('/');
  const most = isIPv4(address) ? 32 : 128;
  const isPlain = isIPv4(address) || (isIPv6(address) && !address.includes('.') && !address.includes('%'));
  const isWhole = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most);
  if (!isPlain || !isWhole || more !== undefined) {
    throw bad(`--map: "${text}" of "${whole}" is no network`, `Write for example --map ${mapExample}.`);
  }
  return { address: [...parseAddress(address)], bits: bits === undefined ? undefined : Number(bits) };
}

function portsOf(text: string): readonly [number, number] {
  const [from, to] = halves(text, '--port', '8080=80');
  const bounds = { min: 0, max: 65_535 };
  return [parseWhole(from, '--port', bounds), parseWhole(to, '--port', bounds)];
}

function macsOf(text: string): readonly [string, string] {
  const example = '02:00:00:00:00:01=02:00:00:00:00:02';
  const [from, to] = halves(text, '--mac', example).map((address) => address.replaceAll(/[:-]/g, '').toLowerCase());
  if ([from, to].every((digits) => /^[0-9a-f]{12}$/.test(digits!))) return [from!, to!];
  throw bad(`--mac: "${text}" holds what is no MAC address`, `Write for example --mac ${example}.`);
}

function bad(message: string, hint: string): FloodgateError {
  return new FloodgateError('option-invalid', message, { hint });
}
