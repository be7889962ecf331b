/** Two runs are compared by two clicks: on points of charts, or on buttons of the table. */
import type { HistoryRun } from '../history.ts';
import { button, element } from './dom.ts';
import { commitWords, runAddress, timeWords } from './history-words.ts';

export class RunChoice {
  /** Says what was chosen; hidden until something is. */
  readonly bar = element('div', { class: 'choice card', attributes: { role: 'status', hidden: '' } });
  #first: HistoryRun | undefined;

  /** The first is remembered, the second opens the comparison; the first again is forgotten. */
  choose(run: HistoryRun): void {
    if (this.#first === undefined) {
      this.#first = run;
      this.#show(run);
    } else if (this.#first.id === run.id) {
      this.#first = undefined;
      this.bar.hidden = true;
    } else {
      // The older one is what the other is compared with.
      const [a, b] = [this.#first, run].sort((x, y) => (x.startedAt < y.startedAt ? -1 : 1));
      location.assign(`./compare?a=${encodeURIComponent(a!.id)}&b=${encodeURIComponent(b!.id)}`);
    }
  }

  buttonOf(run: HistoryRun): HTMLButtonElement {
    return button('compare', () => this.choose(run), {
      class: 'quiet',
      attributes: { 'aria-label': `compare the run of ${timeWords(run)}` },
    });
  }

  #show(run: HistoryRun): void {
    this.bar.replaceChildren(
      element('span', { text: `${timeWords(run)} ${commitWords(run)}: choose another run to compare, or ` }),
      element('a', { text: 'open its report', attributes: { href: runAddress(run) } }),
      button('×', () => this.choose(run), { class: 'quiet', attributes: { 'aria-label': 'forget it' } }),
    );
    this.bar.hidden = false;
  }
}
