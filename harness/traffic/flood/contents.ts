/** What bodies say, by type and shape: so many bytes, or a little more, from a seed. */
import type { Random } from '../../../agent/seeded-random.ts';
import { hexText, jsonBody, pick } from '../synthesis/json-body.ts';
import type { Body } from './plan-types.ts';

export interface Content {
  readonly bytes: Uint8Array;
  readonly type: string;
}

const words = ['tea', 'lamp', 'kettle', 'order', 'naïve', 'straße', 'über', 'invoice', 'return', 'late', 'again', 'ø'];

export function contentOf(body: Body, size: number, random: Random): Content {
  switch (body.type) {
    case 'json':
      return { bytes: jsonOf(body.shape ?? 'orders', size, random), type: 'application/json' };
    case 'form':
      return { bytes: latin1(form(size, random)), type: 'application/x-www-form-urlencoded' };
    case 'multipart': {
      const boundary = `----flood${hexText(random, 24)}`;
      return { bytes: multipart(boundary, size, random), type: `multipart/form-data; boundary=${boundary}` };
    }
    case 'text':
      return { bytes: new TextEncoder().encode(prose(size, random)), type: 'text/plain; charset=utf-8' };
    case 'binary':
      return { bytes: noise(random, Math.max(1, size)), type: 'application/octet-stream' };
    case 'repeated':
      return { bytes: Buffer.alloc(size, 'the same line, again and again, and nothing else\n'), type: 'text/plain' };
  }
}

type Shape = NonNullable<Extract<Body, { type: 'json' }>['shape']>;

function jsonOf(shape: Shape, size: number, random: Random): Uint8Array {
  switch (shape) {
    case 'orders':
      return jsonBody(random, size);
    case 'deep': {
      // {"a":[{"a":[ … ]}]}: six bytes down and three up for two levels.
      const levels = Math.max(1, Math.floor(size / 9));
      return latin1(`${'{"a":['.repeat(levels)}${']}'.repeat(levels)}`);
    }
    case 'wide':
      return latin1(members(size, (index) => `"member${index}":${random.integer(0, 999_999)}`));
    case 'strings':
      return new TextEncoder().encode(JSON.stringify({ text: prose(size - 14, random) }));
    case 'colliding':
      return latin1(
        members(size, (index) => `"${index % 2 === 0 ? collidingName(index >> 1) : index * 65_536}":${index}`),
      );
  }
}

function members(size: number, member: (index: number) => string): string {
  const parts: string[] = [];
  for (let length = 2, index = 0; length < size; index++) {
    const text = member(index);
    parts.push(text);
    length += text.length + 1;
  }
  return `{${parts.join(',')}}`;
}

/** "Aa" and "BB" have one hash under h·31 + c, and so have all words of as many of them (Klink and Wälde, 2011). */
function collidingName(index: number): string {
  let name = '';
  for (let bit = 0; bit < 16; bit++) name += (index >> bit) & 1 ? 'BB' : 'Aa';
  return name;
}

function form(size: number, random: Random): string {
  const fields: string[] = [];
  for (let length = 0, index = 0; length < size; index++) {
    const field = `field${index}=${encodeURIComponent(`${pick(random, words)} ${hexText(random, 12)}`)}`;
    fields.push(field);
    length += field.length + 1;
  }
  return fields.join('&');
}

function multipart(boundary: string, size: number, random: Random): Uint8Array {
  const head = (text: string) => latin1(`--${boundary}\r\nContent-Disposition: form-data; ${text}\r\n\r\n`);
  const file = head(`name="file"; filename="${hexText(random, 8)}.bin"\r\nContent-Type: application/octet-stream`);
  const note = head('name="note"');
  const end = latin1(`\r\n--${boundary}--\r\n`);
  const left = Math.max(1, size - file.length - note.length - end.length - 20);
  return Buffer.concat([note, latin1(hexText(random, 16)), latin1('\r\n'), file, noise(random, left), end]);
}

function prose(size: number, random: Random): string {
  let text = '';
  while (text.length < size) text += `${pick(random, words)} ${pick(random, words)} ${random.integer(1, 9_999)}. `;
  return text.slice(0, Math.max(1, size));
}

/** Bytes that say nothing. */
export function noise(random: Random, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at++) bytes[at] = random.u32() >>> 24;
  return bytes;
}

export function latin1(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}
