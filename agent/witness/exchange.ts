/** An exchange on its way to its witness (hot path: there is one for each request). Objects of those that are over serve the next ones. */
import type { BodyReader } from '../body/body-reader.ts';
import { type CodingList, noCodings } from '../body/codings.ts';
import type { HttpMessage } from '../http/message-handler.ts';
import type { BodyBuilder } from './body-builder.ts';
import { type Data, type Fields, httpWitness, type MethodMeta, type Witness } from './ir.ts';
import type { TextSlab } from './sealed.ts';
import { ValueBudget, type ValueTotal } from './value-budget.ts';

/** One of its two messages. */
export class Half {
  readonly exchange: Exchange;
  readonly values: Fields;
  readonly budget: ValueBudget;
  /** Its message began, ended, and was seen to its last byte. */
  isBegun = false;
  isDone = false;
  isWhole = false;
  /** Its key in the table of messages in flight. */
  place = -1;
  status = 0;
  /** Kept from the head, which may be gone when the body comes. */
  contentType: string | undefined;
  codings: CodingList = noCodings;
  /** At work. */
  body: BodyReader | null = null;
  builder: BodyBuilder | null = null;
  /** Made for its first body, kept for those of later exchanges. */
  idleBody: BodyReader | null = null;
  /** The body is counted, not read … */
  isShed = false;
  /** … from its middle on. */
  isGivenUp = false;
  /** Its body, where that was sealed. */
  sealed: Data | null = null;
  /** Where its sealed texts lie. */
  slab: TextSlab | null = null;

  constructor(exchange: Exchange, values: Fields, total: ValueTotal, bytesMax: number) {
    this.exchange = exchange;
    this.values = values;
    this.budget = new ValueBudget(total, bytesMax);
  }

  begin(place: number, status: number): void {
    this.isBegun = true;
    this.place = place;
    this.status = status;
  }

  /** Its bytes are still coming. */
  get isFlying(): boolean {
    return this.isBegun && !this.isDone;
  }

  /** After its body's end, which leaves nothing at work. */
  reset(): void {
    this.isBegun = false;
    this.isDone = false;
    this.isWhole = false;
    this.contentType = undefined;
    this.codings = noCodings;
    this.isShed = false;
    this.isGivenUp = false;
    this.sealed = null;
    this.slab = null;
    this.values.reset();
  }
}

/** Also what is known of its witness beyond that. */
export class Exchange {
  readonly witness: Witness;
  readonly request: Half;
  readonly response: Half;
  key = 0;
  /** Its place in the table of exchanges under way. */
  slot = -1;
  stream = 0;
  exchange = 0;
  /** First byte, µs. */
  tsUs = 0;
  complete = true;
  isProbable = false;
  requestEndUs = 0;
  /** Its bodies are left out. */
  isBodiless = false;

  constructor(total: ValueTotal, bytesMax: number) {
    this.witness = httpWitness('', '', '');
    const { args, responses } = this.witness.method!;
    this.request = new Half(this, args, total, bytesMax);
    this.response = new Half(this, responses, total, bytesMax);
  }

  get meta(): MethodMeta {
    return this.witness.method!.meta!;
  }

  get hasRequest(): boolean {
    return this.request.isBegun;
  }

  get hasResponse(): boolean {
    return this.response.isBegun;
  }

  begin(key: number, { stream, exchange, tsUs }: HttpMessage, isBodiless: boolean): void {
    this.key = key;
    this.stream = stream;
    this.exchange = exchange;
    this.tsUs = tsUs;
    this.complete = true;
    this.isProbable = false;
    this.requestEndUs = 0;
    this.isBodiless = isBodiless;
  }

  /** For the next one: nothing of this one stays. */
  reset(): void {
    this.request.reset();
    this.response.reset();
    this.meta.reset();
  }
}

/** Messages in flight by stream and side; the table is as long as the largest number so far, which the table of streams bounds. */
export class FlightTable {
  #halves: (Half | null)[] = new Array<Half | null>(256).fill(null);

  get(place: number): Half | null {
    return place < this.#halves.length ? this.#halves[place]! : null;
  }

  /** Its place is set. */
  set(half: Half): void {
    if (half.place >= this.#halves.length) {
      const length = Math.max(half.place + 1, this.#halves.length * 2);
      this.#halves = this.#halves.concat(new Array<Half | null>(length - this.#halves.length).fill(null));
    }
    this.#halves[half.place] = half;
  }

  /** Another message may have its place since. */
  remove(half: Half): void {
    if (this.#halves[half.place] === half) this.#halves[half.place] = null;
  }

  /** By place, null where none is. */
  all(): readonly (Half | null)[] {
    return this.#halves;
  }
}
