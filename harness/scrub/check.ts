/**
 * Looks for what scrubbing should have replaced: alone in the scrubbed file, for what has the shape of a secret; with the original, for its
 * values at their places, and for its long words anywhere. Finds are named by their place, never by what they are.
 */

import type { FrameSink } from '../../agent/capture/frame-source.ts';
import { latin1 } from '../../agent/http/message.ts';
import { redactText } from '../../agent/witness/secret-scanner.ts';
import { KnownValues } from './known-values.ts';
import { isKnownName, keepsWords, staysIn, staysWhole } from './known-words.ts';
import { type ReadMessage, readMessages } from './read-messages.ts';
import { literalEnd } from './text-scrubber.ts';

export interface CheckOrder {
  readonly file: string;
  readonly original: string | undefined;
  /** Two random numbers. */
  readonly hashSeed: readonly [number, number];
}

export interface Checked {
  readonly messages: number;
  /** Messages of the original; null without one. */
  readonly originalMessages: number | null;
  /** The first of them. */
  readonly leaks: readonly string[];
  readonly leaksFound: number;
  /** Messages that are of another length, coding or status than those of the original. */
  readonly differences: readonly string[];
  readonly differencesFound: number;
  /** Long words of the original that were looked for, and those for which there was no room. */
  readonly words: number;
  readonly wordsLeft: number;
}

const listedMax = 20;
/** Of a text that is looked at for shapes. */
const textBytesMax = 1 << 20;

/** @throws FloodgateError where a file cannot be read */
export function checkScrubbed({ file, original, hashSeed }: CheckOrder): Checked {
  const report = new Report();
  const known = new KnownValues();
  if (original !== undefined) {
    const words: FrameSink = { frame: (bytes, start, end) => known.add(bytes, start + headersBytes, end) };
    for (const { body, fields } of readMessages(original, hashSeed, words)) {
      known.add(body, 0, body.length);
      for (const [name, value] of fields) known.exempt(Buffer.from(structure(name.toLowerCase(), value)));
    }
  }
  let frame = 0;
  const raw: FrameSink = {
    frame(bytes, start, end) {
      frame += 1;
      if (known.isIn(bytes, start + headersBytes, end)) report.leak(`frame ${frame}: a word of the original`);
    },
  };
  const scrubbed = readMessages(file, hashSeed, raw);
  const originals = original === undefined ? undefined : readMessages(original, hashSeed);
  let messages = 0;
  for (const message of scrubbed) {
    messages += 1;
    const place = `message ${messages} (${message.kind})`;
    checkAlone(message, place, report);
    if (known.isIn(message.body, 0, message.body.length)) report.leak(`${place}, body: a word of the original`);
    const before = originals?.next();
    if (before && !before.done) compare(before.value, message, place, report);
  }
  let originalMessages: number | null = null;
  if (originals) {
    originalMessages = messages;
    while (!originals.next().done) originalMessages += 1;
  }
  const { leaks, leaksFound, differences, differencesFound } = report;
  return {
    ...{ messages, originalMessages, leaks, leaksFound, differences, differencesFound },
    ...{ words: known.size, wordsLeft: known.left },
  };
}

/** Of Ethernet, IP and TCP at least: no words. */
const headersBytes = 54;

class Report {
  readonly leaks: string[] = [];
  leaksFound = 0;
  readonly differences: string[] = [];
  differencesFound = 0;

  leak(text: string): void {
    this.leaksFound += 1;
    if (this.leaks.length < listedMax) this.leaks.push(text);
  }

  differs(text: string): void {
    this.differencesFound += 1;
    if (this.differences.length < listedMax) this.differences.push(text);
  }
}

/**
 * By the agent's own rules for shapes (keys of issuers, tokens, numbers of cards), word by word: its rules for names would find what
 * names have become by chance.
 */
function checkAlone(message: ReadMessage, place: string, report: Report): void {
  if (holdsSecret(message.uri)) report.leak(`${place}, target: looks like a secret`);
  for (const [name, value] of message.fields) {
    if (holdsSecret(value)) report.leak(`${place}, field ${shown(name)}: looks like a secret`);
  }
  const text = Buffer.from(message.body.subarray(0, textBytesMax)).toString('utf8');
  if (!text.includes('\0') && holdsSecret(text)) report.leak(`${place}, body: looks like a secret`);
}

function holdsSecret(text: string): boolean {
  for (const [word] of text.matchAll(/[A-Za-z0-9_+.~$-]{12,4096}/g)) if (redactText(word) !== word) return true;
  return false;
}

function compare(before: ReadMessage, after: ReadMessage, place: string, report: Report): void {
  const shape = ({ kind, status, headersBytes: head, bodyBytes, complete, codings, isDecoded, body }: ReadMessage) =>
    `${kind} ${status}, head ${head}, body ${bodyBytes}${complete ? '' : ' (not whole)'}, codings ${codings || 'none'}, decoded ${isDecoded ? body.length : 'not'}`;
  if (shape(before) !== shape(after)) report.differs(`${place}: ${shape(before)} before, ${shape(after)} now`);
  if (sameRun(Buffer.from(before.uri), Buffer.from(after.uri))) report.leak(`${place}, target: as in the original`);
  for (const [index, [name, value]] of before.fields.entries()) {
    const [, now = ''] = after.fields[index] ?? [];
    const lower = name.toLowerCase();
    if (sameRun(Buffer.from(value), Buffer.from(withoutStructure(lower, now))))
      report.leak(`${place}, field ${shown(name)}: as in the original`);
  }
  if (before.isDecoded && after.isDecoded && sameRun(before.body, after.body))
    report.leak(`${place}, body: as in the original`);
}

/** A field's value without what may stay in it: blanks in its place. @param name in lower case */
function withoutStructure(name: string, value: string): string {
  if (staysWhole(name, value)) return '';
  if (!keepsWords(name)) return value;
  return value.replace(/[A-Za-z0-9\u0080-\uffff]+/g, (word) =>
    staysIn(name, word.toLowerCase()) ? ' '.repeat(word.length) : word,
  );
}

/** Only what may stay. @param name in lower case */
function structure(name: string, value: string): string {
  if (staysWhole(name, value)) return value;
  if (!keepsWords(name)) return '';
  return value.replace(/[A-Za-z0-9\u0080-\uffff]+/g, (word) => (staysIn(name, word.toLowerCase()) ? word : ' '));
}

/** A name that everyone's traffic has is printed. */
function shown(name: string): string {
  return isKnownName(name.toLowerCase()) ? name : 'of another name';
}

const runBytesMin = 8;
/** Of a run: what is left of eight bytes that say something. */
const wordBytesMin = 7;

/** Whether eight bytes in a row that say something are the same at the same place. Lines of parts' heads stay as those of heads do. */
function sameRun(before: Uint8Array, after: Uint8Array): boolean {
  const length = Math.min(before.length, after.length);
  let run = 0;
  let said = 0;
  let isPartHead = false;
  let silentTo = 0;
  for (let i = 0; i < length; i += 1) {
    // What everyone's JSON says.
    if (i >= silentTo && (i === 0 || !isSaying(before[i - 1]!))) silentTo = literalEnd(before, i, length);
    if (i < silentTo && before[i] === after[i]) {
      run = 0;
      said = 0;
      continue;
    }
    if (before[i] === 10) isPartHead = isHeadLine(before, i + 1);
    if (before[i] !== after[i]) {
      run = 0;
      said = 0;
      continue;
    }
    run += 1;
    if (isSaying(before[i]!)) said += 1;
    if (run > runBytesMin && isSaying(before[i - runBytesMin]!)) said -= 1;
    if (run >= runBytesMin && said >= wordBytesMin && !isPartHead) return true;
  }
  return false;
}

function isHeadLine(bytes: Uint8Array, at: number): boolean {
  return /^content-/i.test(latin1(bytes, at, Math.min(bytes.length, at + 8)));
}

function isSaying(byte: number): boolean {
  const letter = byte | 0x20;
  // Zero alone stays, and many of them are nobody's.
  return byte >= 0x80 || (byte >= 49 && byte <= 57) || (letter >= 97 && letter <= 122);
}
