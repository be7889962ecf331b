/** Two runs of a history side by side. */
import { formatShare, formatValue, printable, verdictMark } from '../format.ts';
import type { HistoryPair, HistoryRun } from '../history.ts';
import { element, section, sortableTable } from './dom.ts';
import { commitWords, runAddress, timeWords } from './history-words.ts';
import { verdictClass } from './verdict-class.ts';

type Row = HistoryPair['metrics'][number];

export function pairPage({ a, b, metrics }: HistoryPair): Node[] {
  const measured = metrics.filter((row) => row.a !== null && row.b !== null);
  const changed = measured.filter((row) => row.a !== row.b);
  const missing = metrics.filter((row) => (row.a === null) !== (row.b === null));
  const warnings = [
    ...(a.scenario === b.scenario ? [] : ['These are runs of two scenarios.']),
    ...(a.machine === b.machine
      ? []
      : ['These runs are of two classes of machine: resident memory and time say little.']),
    'One run each: what differs may be noise. floodgate compare runs both versions in pairs, and has an interval.',
  ];
  return [
    element('p', {}, [element('a', { text: '← history', attributes: { href: './' } })]),
    element('div', { class: 'pair' }, [runCard('before', a), runCard('after', b)]),
    section('Figures', [
      ...warnings.map((text) => element('p', { class: 'dim', text })),
      changed.length > 0 ? pairTable(changed) : element('p', { text: `All ${measured.length} figures are the same.` }),
      changed.length < measured.length && changed.length > 0
        ? element('p', { class: 'dim', text: `${measured.length - changed.length} figures are the same.` })
        : null,
      missing.length > 0
        ? element('p', {
            class: 'dim',
            text: `Measured in one of them only: ${missing.map(({ name }) => printable(name, 60)).join(', ')}.`,
          })
        : null,
    ]),
  ].filter((node) => node !== null);
}

function runCard(word: string, run: HistoryRun): HTMLElement {
  const verdict = { ok: run.exitCode === 0, exitCode: run.exitCode };
  return element('section', { class: `card scenario-trend ${verdictClass(verdict)}` }, [
    element('h2', { text: `${word}: ${printable(run.scenario, 100)}, ${run.lane} lane` }),
    element('p', {}, [element('a', { text: timeWords(run), attributes: { href: runAddress(run) } })]),
    element('p', { text: commitWords(run) }),
    element('p', { text: `${verdictMark(verdict)} ${printable(run.headline, 300)}` }),
    element('p', { class: 'dim', text: printable(run.machine, 200) }),
  ]);
}

const shareOf = ({ a, b }: Row) => (a === 0 ? (b === 0 ? 0 : Number.MAX_VALUE) : b! / a! - 1);
const isWorse = ({ a, b, bound }: Row) => (bound === 'max' ? b! > a! : b! < a!);

function pairTable(rows: readonly Row[]): HTMLElement {
  const sorted = rows.toSorted((x, y) => Math.abs(shareOf(y)) - Math.abs(shareOf(x)));
  return sortableTable<Row>(
    [
      { title: 'Metric', cell: ({ name }) => element('code', { text: printable(name, 80) }), key: ({ name }) => name },
      { title: 'Before', numeric: true, cell: ({ a, unit }) => formatValue(a!, unit) },
      { title: 'After', numeric: true, cell: ({ b, unit }) => formatValue(b!, unit) },
      {
        title: 'Change',
        numeric: true,
        key: shareOf,
        cell: (row) => {
          const share = row.a === 0 ? 'from 0' : `${row.b! > row.a! ? '+' : '−'}${formatShare(Math.abs(shareOf(row)))}`;
          return `${share} ${isWorse(row) ? 'worse' : 'better'}`;
        },
      },
    ],
    sorted,
  );
}
