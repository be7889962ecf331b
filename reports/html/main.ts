/** Starts the page: reads the report out of it and shows one run, or a gate with its runs to choose from. */
import { formatDuration, printable, sparkLine, verdictMark, verdictWord } from '../format.ts';
import { findColumn, type RunReport } from '../model.ts';
import { type PackedReport, unpackRun } from './columns.ts';
import { button, commandLine, element } from './dom.ts';
import { runPage } from './run-page.ts';
import { themeButton } from './theme.ts';
import { verdictClass } from './verdict-class.ts';

/** Shows the report in the page's data element. */
export function start(): void {
  const data = document.getElementById('report')?.textContent ?? '';
  const report = JSON.parse(data) as PackedReport;
  const top = element('div', { class: 'top' }, [element('span', { class: 'brand', text: 'floodgate' }), themeButton()]);
  const main = element('main');
  document.body.replaceChildren(top, main);
  const runs = report.runs.map(unpackRun);
  if (report.gate) main.append(gateHeader(report.gate));
  const place = element('div');
  const show = (index: number) => {
    const run = runs[index];
    if (run) place.replaceChildren(runPage(run));
  };
  if (runs.length > 1 || report.gate) main.append(gateList(runs, show));
  main.append(place);
  const firstBad = runs.findIndex((run) => !run.verdict.ok);
  show(Math.max(0, firstBad));
  document.documentElement.dataset.ready = 'true';
}

function gateHeader(gate: NonNullable<PackedReport['gate']>): HTMLElement {
  return element('header', { class: `verdict card ${verdictClass(gate)}` }, [
    element('div', { class: 'word', text: verdictWord(gate) }),
    element('div', {}, [
      element('h1', { text: printable(gate.headline) }),
      element('p', { class: 'dim', text: formatDuration(gate.durationMs) }),
      ...gate.notes.map((note) =>
        element('p', { class: note.severity === 'warning' ? 'warning' : 'dim', text: printable(note.text) }),
      ),
      commandLine(gate.command),
    ]),
  ]);
}

/** A card per scenario; pressing it shows its run below. */
function gateList(runs: readonly RunReport[], show: (index: number) => void): HTMLElement {
  const cards = runs.map((run, i) => {
    const rss = findColumn(run, 'rss');
    const card = button('', () => choose(i), { class: `scenario card ${verdictClass(run.verdict)}` });
    card.append(
      element('strong', { text: `${verdictMark(run.verdict)} ${printable(run.scenario.name, 80)}` }),
      element('span', {
        class: 'spark',
        text: rss ? sparkLine(rss.table.tMs, rss.column.values, 28) : '',
        attributes: { 'aria-hidden': 'true' },
      }),
      element('span', { class: 'dim', text: printable(run.verdict.headline, 160) }),
    );
    return card;
  });
  const choose = (index: number) => {
    cards.forEach((card, i) => void card.setAttribute('aria-pressed', String(i === index)));
    show(index);
  };
  const firstBad = runs.findIndex((run) => !run.verdict.ok);
  cards.forEach((card, i) => void card.setAttribute('aria-pressed', String(i === Math.max(0, firstBad))));
  return element('nav', { class: 'scenarios', attributes: { 'aria-label': 'Scenarios' } }, cards);
}
