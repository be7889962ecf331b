/** JSON such as an API returns: objects of a few kinds, nested, with identifiers that differ from one to the next. */
import type { Random } from '../../../agent/seeded-random.ts';

const statuses = ['created', 'paid', 'packed', 'shipped', 'delivered', 'returned'];
const towns = ['Aarhus', 'Brno', 'Córdoba', 'Dijon', 'Évora', 'Freiburg', 'Göteborg', 'Haarlem', 'Iași', 'Jyväskylä'];
const products = ['lamp', 'chair', 'kettle', 'notebook', 'backpack', 'headphones', 'bicycle pump', 'desk', 'umbrella'];
const hexDigits = '0123456789abcdef';

/** `length` hexadecimal digits. */
export function hexText(random: Random, length: number): string {
  let text = '';
  for (let bits = 0, left = 0; text.length < length; left -= 4, bits >>>= 4) {
    if (left === 0) {
      bits = random.u32();
      left = 32;
    }
    text += hexDigits[bits & 15];
  }
  return text;
}

/** One of `choices`. */
export function pick<T>(random: Random, choices: readonly T[]): T {
  return choices[random.integer(0, choices.length - 1)]!;
}

/** A JSON document of `bytesWanted` bytes or a few hundred more (never under 150), UTF-8. */
export function jsonBody(random: Random, bytesWanted: number): Uint8Array {
  const records: string[] = [];
  let length = 40;
  do {
    const record = bytesWanted - length < 420 ? shortRecord(random) : order(random);
    records.push(record);
    length += record.length + 1;
  } while (length < bytesWanted);
  const text =
    records.length === 1 ? records[0]! : `{"data":[${records.join(',')}],"count":${records.length},"cursor":null}`;
  return new TextEncoder().encode(text);
}

function shortRecord(random: Random): string {
  return JSON.stringify({
    id: random.integer(1, 1_000_000_000),
    reference: hexText(random, 32),
    status: pick(random, statuses),
    quantity: random.integer(1, 40),
    inStock: random.chance(0.7),
  });
}

function order(random: Random): string {
  return JSON.stringify({
    id: random.integer(1, 1_000_000_000),
    reference: hexText(random, 32),
    status: pick(random, statuses),
    customer: {
      name: `customer ${random.integer(1, 99_999)}`,
      email: `c${random.integer(1, 99_999)}@example.com`,
      address: { town: pick(random, towns), postcode: String(random.integer(10_000, 99_999)) },
    },
    lines: [orderLine(random), orderLine(random)],
    total: random.integer(100, 10_000_000) / 100,
    note: random.chance(0.15) ? 'please ring the bell — “twice”\n' : null,
    placedAt: `2024-0${random.integer(1, 9)}-${random.integer(10, 28)}T0${random.integer(0, 9)}:${random.integer(10, 59)}:00Z`,
  });
}

function orderLine(random: Random): object {
  return { product: pick(random, products), quantity: random.integer(1, 12), weight: random.integer(1, 9_999) / 1000 };
}
