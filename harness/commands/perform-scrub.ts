/** `floodgate scrub` as it is asked for: reads twice, writes once, says what could not be scrubbed. */
import { createHash, randomBytes } from 'node:crypto';
import { FloodgateError } from '../../agent/errors.ts';
import { formatBytes, formatCount } from '../../reports/format.ts';
import { type Checked, checkScrubbed } from '../scrub/check.ts';
import { type ScrubbedTraffic, scrubTraffic } from '../scrub/scrub.ts';
import type { ScrubCounts } from '../scrub/scrub-counts.ts';
import { openTraffic } from '../traffic/open-traffic.ts';
import { probeRecording } from '../traffic/recorded-traffic.ts';
import type { Traffic } from '../traffic/traffic.ts';
import { writeCapture } from './capture-output.ts';
import { checkOutputs } from './file-clash.ts';
import { readOperatorFile } from './operator-file.ts';
import type { ScrubFlags } from './scrub-flags.ts';

/** A shorter one is guessed. */
const keyBytesMin = 16;

/** @returns the exit code. @throws FloodgateError where nothing can be read or written */
export async function performScrub(files: readonly string[], flags: ScrubFlags): Promise<number> {
  if (flags.check) return check(files, flags);
  if (flags.original !== undefined)
    throw refused('--original is for --check', 'Write floodgate scrub --check FILE --original FILE.');
  const [input, output] = files;
  if (input === undefined || output === undefined || files.length > 2) {
    throw refused(`one file is read and one is written, and here are ${files.length}`, 'Write floodgate scrub IN OUT.');
  }
  if (input === '-')
    throw refused('standard input can be read once, and a capture is read twice', 'Put it into a file first.');
  checkOutputs([input, ...(flags.key === undefined ? [] : [flags.key])], [output]);
  probeRecording(input);
  await scrubInto(() => openTraffic({ kind: 'recording', path: input }), output, flags.key);
  return 0;
}

function check(files: readonly string[], { original, key }: ScrubFlags): number {
  const [file] = files;
  if (file === undefined || files.length > 1 || key !== undefined) {
    throw refused('--check looks at one file, and takes no key', 'Write floodgate scrub --check FILE --original FILE.');
  }
  const seeds = randomBytes(8);
  const found = checkScrubbed({ file, original, hashSeed: [seeds.readUInt32LE(0), seeds.readUInt32LE(4)] });
  process.stdout.write(`${checkLines(found, file).join('\n')}\n`);
  return found.leaksFound > 0 ? 1 : 0;
}

function checkLines(found: Checked, file: string): string[] {
  const { messages, originalMessages, leaks, leaksFound, differences, differencesFound, words, wordsLeft } = found;
  const list = (title: string, lines: readonly string[], count: number) =>
    count === 0
      ? []
      : [
          title,
          ...lines.map((line) => `  ${line}`),
          ...(count > lines.length ? [`  and ${formatCount(count - lines.length)} more`] : []),
        ];
  const against =
    originalMessages === null
      ? 'looked at for shapes of secrets alone: with --original, values are looked for as well'
      : `compared with ${formatCount(originalMessages)} of the original, and searched for ${formatCount(words)} of its long words`;
  return [
    `${file}: ${formatCount(messages)} messages, ${against}`,
    ...(wordsLeft > 0 ? [`${formatCount(wordsLeft)} long words had no room, and were not looked for`] : []),
    ...(messages === 0 ? ['no message was found: nothing could be looked at but frames'] : []),
    ...list(`${formatCount(leaksFound)} leaks`, leaks, leaksFound),
    ...list(`${formatCount(differencesFound)} messages differ in what makes memory`, differences, differencesFound),
    ...(leaksFound === 0 ? ['no leak found'] : []),
  ];
}

/**
 * Scrubs traffic that can be opened twice into a file, and says on standard error what was done and what was not.
 * @returns frames written
 */
export async function scrubInto(
  open: () => Promise<Traffic>,
  output: string,
  keyFile: string | undefined,
): Promise<number> {
  const scrubbed = await scrubTraffic({ open, key: keyOf(keyFile), beside: output === '-' ? '.' : output });
  try {
    const written = (await writeCapture(scrubbed, output, 'floodgate scrub'))!;
    process.stderr.write(`${lines(scrubbed, written, output).join('\n')}\n`);
    return written;
  } finally {
    scrubbed.close();
  }
}

function keyOf(file: string | undefined): Uint8Array {
  if (file === undefined) return randomBytes(16);
  let bytes: Buffer;
  try {
    bytes = readOperatorFile(file);
  } catch (cause) {
    throw refused(
      `--key: ${file} cannot be read: ${(cause as Error).message}`,
      'Make one: head -c 32 /dev/urandom > our.key.',
    );
  }
  if (bytes.length < keyBytesMin)
    throw refused(`--key: ${file} holds only ${bytes.length} bytes`, 'Make one: head -c 32 /dev/urandom > our.key.');
  return createHash('sha256').update(bytes).digest().subarray(0, 16);
}

function lines({ counts, framesExpected, addresses }: ScrubbedTraffic, written: number, output: string): string[] {
  const { messages, connections, bodies, bodiesRecoded } = counts;
  return [
    `${formatCount(written)} of ${formatCount(framesExpected)} frames in ${output === '-' ? 'standard output' : output}: ` +
      `${formatCount(messages)} messages and ${formatCount(bodies)} bodies of ${formatCount(connections)} connections, ${formatCount(addresses.addresses)} IPv4 addresses`,
    ...(bodiesRecoded > 0 ? [`  ${formatCount(bodiesRecoded)} coded bodies were coded again to their old length`] : []),
    ...notScrubbed(counts),
  ];
}

function notScrubbed(counts: ScrubCounts): string[] {
  const { bodiesCoarse, tlsSides, http2Sides, websocketSides, otherSides, bytesBlanked } = counts;
  const list = (all: ReadonlyMap<string, number>, what: string) =>
    [...all].map(([reason, count]) => `  ${formatCount(count)} ${what}: ${reason}`);
  const some = (count: number, text: string) => (count > 0 ? [`  ${formatCount(count)} ${text}`] : []);
  return [
    ...some(
      bodiesCoarse,
      'of them in fewer letters, since they became too long: equal things in them differ from those elsewhere',
    ),
    ...some(tlsSides, 'directions of TLS: records and hellos stay, what is in them is blank'),
    ...some(http2Sides, 'directions begin HTTP/2: frames stay, what is in them is blank'),
    ...some(websocketSides, 'directions of WebSocket: frames stay, what is in them is blank'),
    ...some(otherSides, 'directions of other protocols are blank'),
    ...(bytesBlanked > 0
      ? [`  ${formatBytes(bytesBlanked)} that belong to no message, or to a body that cannot be scrubbed, are blank`]
      : []),
    ...list(counts.bodiesBlanked, 'bodies are blank'),
    ...list(counts.framesChanged, 'frames'),
    ...list(counts.framesLeftOut, 'frames left out'),
  ];
}

function refused(message: string, hint: string): FloodgateError {
  return new FloodgateError('option-invalid', message, { hint });
}
