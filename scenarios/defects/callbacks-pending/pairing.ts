/** The real pairing; what follows an answer is put on a list. */
import { Pairing as RealPairing } from '../../../agent/http/pairing.ts';
import type { Pairable, Place } from '../../../agent/http/place.ts';

export * from '../../../agent/http/pairing.ts';

type Callback = (status: number) => void;

const stagesMax = 220;

export class Pairing extends RealPairing {
  readonly #pending: Callback[] = [];
  #answered = 0;

  override request(stream: number, message: Pairable, place: Place, headBytes: number): void {
    this.#pending.push(this.#whenAnswered(message.tsUs));
    super.request(stream, message, place, headBytes);
  }

  #whenAnswered(tsUs: number): Callback {
    const stages = Array.from({ length: stagesMax }, (_, stage) => tsUs + stage / 2);
    return (status) => {
      this.#answered += stages[status % stagesMax]! > 0 ? 1 : 0;
    };
  }
}
