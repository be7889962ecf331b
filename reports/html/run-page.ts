/** The page of one run: verdict and budgets on top, the time line, the spikes, and what to type to get it again. */
import {
  formatActual,
  formatBytes,
  formatCount,
  formatDropped,
  formatDuration,
  formatExchanges,
  formatFound,
  formatShare,
  formatValue,
  printable,
  stateMark,
  verdictWord,
} from '../format.ts';
import type { BudgetResult, FamilyThread, Figure, Pass, RunReport } from '../model.ts';
import { commandLine, element, section, sortableTable } from './dom.ts';
import { spikeSection } from './spike-section.ts';
import { timeLine } from './timeline.ts';
import { stateClass, verdictClass } from './verdict-class.ts';

/** What stands before the duration. */
const laneWords = { tap: 'TAP lane, ', exact: 'Exact lane, ', load: '' } as const;

/** The whole page of a run. */
export function runPage(run: RunReport): HTMLElement {
  const line = timeLine(run);
  return element('article', {}, [
    verdictBanner(run),
    section('Budget', run.budgets.length > 0 ? [budgetTable(run.budgets)] : []),
    section('Time line', line ? [line.root] : []),
    ...run.spikes.map((spike, i) => spikeSection(spike, i + 1, run, line)),
    section('Threads and processes', familyTables(run)),
    section('Delivery', deliveryRows(run)),
    section('Figures', figureRows(run)),
    section('Passes', run.passes.length > 0 ? [passTable(run.passes)] : []),
    section('Counters', Object.keys(run.counters).length > 0 ? [counterTable(run.counters)] : []),
    section('Environment', [environmentList(run)]),
  ]);
}

function verdictBanner(run: RunReport): HTMLElement {
  const { verdict } = run;
  const defect = run.scenario.defect === null ? '' : `, with the defect ${printable(run.scenario.defect)}`;
  return element('header', { class: `verdict card ${verdictClass(verdict)}` }, [
    element('div', { class: 'word', text: verdictWord(verdict) }),
    element('div', {}, [
      element('h1', { text: printable(run.scenario.name, 200) }),
      element('p', { class: 'headline', text: printable(verdict.headline) }),
      element('p', {
        class: 'dim',
        text: `${sentence(printable(run.scenario.description))} ${laneWords[run.lane]}${formatDuration(run.durationMs)}${defect}.`,
      }),
      run.target.stages === '' ? null : element('p', { text: sentence(capitalized(printable(run.target.stages, 80))) }),
      run.partial
        ? element('p', { class: 'warning', text: 'Partial: the run was cut short. What is here is true, but not all.' })
        : null,
      ...run.notes.map((note) =>
        element('p', { class: note.severity === 'warning' ? 'warning' : 'dim', text: printable(note.text) }),
      ),
      commandLine(run.command),
    ]),
  ]);
}

interface FamilyRow {
  readonly name: string;
  readonly memoryBytes: number | null;
  readonly heapBytes: number | null;
  readonly allocatedBytes: number | null;
  readonly note: string;
}

/** What the target started; all together in the line above the table. */
function familyTables({ family }: RunReport): Node[] {
  if (!family || family.threads.length + family.processes.length === 0) return [];
  const threadRow = ({ id, name, heapMaxBytes, allocatedBytes, note }: FamilyThread, of: string): FamilyRow => ({
    name: `${of}thread ${id} ${name}`,
    memoryBytes: null,
    heapBytes: heapMaxBytes,
    allocatedBytes,
    note,
  });
  const rows = [
    ...family.threads.map((thread) => threadRow(thread, '')),
    ...family.processes.flatMap(({ pid, command, rssMaxBytes, heapMaxBytes, allocatedBytes, note, threads }) => [
      { name: `process ${pid} ${command}`, memoryBytes: rssMaxBytes, heapBytes: heapMaxBytes, allocatedBytes, note },
      ...threads.map((thread) => threadRow(thread, `process ${pid}, `)),
    ]),
  ];
  const bytes = (value: number | null) => (value === null ? '–' : formatBytes(value));
  const columns = [
    {
      title: 'Started by the target',
      cell: (row: FamilyRow) => printable(row.name, 200),
      key: (row: FamilyRow) => row.name,
    },
    {
      title: 'RSS at most',
      numeric: true,
      cell: (row: FamilyRow) => bytes(row.memoryBytes),
      key: (row: FamilyRow) => row.memoryBytes ?? -1,
    },
    {
      title: 'Heap at most',
      numeric: true,
      cell: (row: FamilyRow) => bytes(row.heapBytes),
      key: (row: FamilyRow) => row.heapBytes ?? -1,
    },
    {
      title: 'Allocated',
      numeric: true,
      cell: (row: FamilyRow) => bytes(row.allocatedBytes),
      key: (row: FamilyRow) => row.allocatedBytes ?? -1,
    },
    { title: '', cell: (row: FamilyRow) => element('span', { class: 'prose', text: printable(row.note, 300) }) },
  ];
  const all =
    family.treeMaxBytes === null
      ? []
      : [
          element('p', {
            text: `With the target ${formatBytes(family.treeMaxBytes)} at most, pages that they share counted once.`,
          }),
        ];
  return [...all, sortableTable<FamilyRow>(columns, rows, (row) => (row.note === '' ? '' : 'warning'))];
}

const stateTitles = {
  pass: 'within budget',
  over: 'over budget',
  waived: 'over budget, and waived for a while',
  undecided: 'measured, but not well enough to decide',
  notMeasured: 'not measured',
} as const;

/** With its full stop. */
function sentence(text: string): string {
  return text === '' || /[.!?]$/.test(text) ? text : `${text}.`;
}

function capitalized(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** A row a limit, and how much of it is used. */
export function budgetTable(budgets: readonly BudgetResult[]): HTMLElement {
  return sortableTable<BudgetResult>(
    [
      {
        title: '',
        cell: (each) =>
          element('span', {
            class: `mark ${stateClass(each.state)}`,
            text: stateMark(each.state),
            attributes: { title: stateTitles[each.state] },
          }),
      },
      { title: 'Budget', cell: (each) => printable(each.name, 200), key: (each) => each.name },
      {
        title: 'Actual',
        numeric: true,
        cell: (each) => formatActual(each),
      },
      {
        title: 'Limit',
        numeric: true,
        cell: (each) => `${each.bound === 'max' ? '≤' : '≥'} ${formatValue(each.limit, each.unit)}`,
      },
      { title: 'Used', cell: usedBar },
      {
        title: '',
        cell: (each) => element('span', { class: each.note === '' ? '' : 'prose', text: printable(each.note, 300) }),
      },
    ],
    budgets,
    (each) => (each.ok ? '' : stateClass(each.state)),
  );
}

function usedBar(budget: BudgetResult): Node {
  if (budget.actual === null || budget.limit <= 0 || budget.bound === 'min') return document.createTextNode('');
  const used = budget.actual / budget.limit;
  const bar = element('meter', {
    attributes: { min: '0', max: '1', value: String(Math.min(1, used)), class: stateClass(budget.state) },
  });
  return element('span', { class: 'used' }, [bar, document.createTextNode(` ${formatShare(used)}`)]);
}

function deliveryRows({ ledger, messages, exchanges }: RunReport): Node[] {
  const rows: Node[] = [];
  if (ledger) {
    rows.push(
      element('p', {
        class: ledger.ok ? '' : 'warning',
        text: `Delivered ${formatCount(ledger.framesDelivered)} of ${formatCount(ledger.framesSent)} frames, ${formatBytes(ledger.bytesDelivered)} of ${formatBytes(ledger.bytesSent)}; ${formatDropped(ledger)}.`,
      }),
    );
  }
  if (messages) {
    const { found, truth, mayBeLost } = messages;
    const missing = found.requests < truth.requests || found.responses < truth.responses;
    const loose = mayBeLost.requests + mayBeLost.responses;
    rows.push(
      element('p', {
        class: missing ? 'warning' : '',
        text: `Found ${formatFound(found.requests, truth.requests, 'requests')} and ${formatFound(found.responses, truth.responses, 'responses')} that survived${loose > 0 ? `; ${formatCount(loose)} more were damaged and may be lost` : ''}.`,
      }),
    );
  }
  if (exchanges) {
    const text = `${formatExchanges(exchanges)}.`;
    rows.push(element('p', { class: exchanges.missing > 0 ? 'warning' : '', text }));
  }
  return rows;
}

/** What has no limit, and, folded away, what is not known. */
function figureRows({ figures, budgets }: RunReport): Node[] {
  const free = figures.filter(({ name }) => budgets.every((budget) => budget.name !== name));
  const known = free.filter(({ value }) => value !== null);
  const unknown = free.filter(({ value }) => value === null);
  const reasons = unknown.map(({ name, note }) =>
    element('p', { class: 'dim', text: `${printable(name, 100)}: ${printable(note, 300)}` }),
  );
  return [
    ...(known.length > 0 ? [figureTable(known)] : []),
    ...(reasons.length > 0
      ? [element('details', {}, [element('summary', { text: `${reasons.length} not known` }), ...reasons])]
      : []),
  ];
}

function figureTable(figures: readonly Figure[]): HTMLElement {
  return sortableTable<Figure>(
    [
      { title: 'Figure', cell: (each) => printable(each.name, 200), key: (each) => each.name },
      { title: 'Value', numeric: true, cell: (each) => formatValue(each.value ?? Number.NaN, each.unit) },
    ],
    figures,
  );
}

function passTable(passes: readonly Pass[]): HTMLElement {
  return sortableTable<Pass>(
    [
      { title: 'Pass', cell: (each) => each.kind },
      { title: 'Time', numeric: true, cell: (each) => formatDuration(each.durationMs) },
      { title: 'Instruments', cell: (each) => each.instruments.map((name) => printable(name, 120)).join(', ') },
      {
        title: 'Cost',
        numeric: true,
        cell: (each) => (each.overheadShare === null ? '' : `${formatShare(each.overheadShare)} CPU`),
      },
      {
        title: '',
        cell: (each) =>
          [each.disturbed ? 'disturbed' : '', printable(each.note, 300)].filter((word) => word !== '').join(', '),
      },
    ],
    passes,
  );
}

function counterTable(counters: Readonly<Record<string, number>>): HTMLElement {
  const rows = Object.entries(counters).sort(([a], [b]) => (a < b ? -1 : 1));
  const place = element('div');
  const search = element('input', {
    attributes: { type: 'search', placeholder: 'Filter', 'aria-label': 'Filter counters' },
  });
  const fill = () => {
    const wanted = search.value.toLowerCase();
    const kept = rows.filter(([name]) => name.toLowerCase().includes(wanted));
    place.replaceChildren(
      sortableTable<[string, number]>(
        [
          { title: 'Counter', cell: ([name]) => printable(name, 200), key: ([name]) => name },
          { title: 'Value', numeric: true, key: ([, value]) => value, cell: ([, value]) => formatCount(value) },
        ],
        kept,
      ),
    );
  };
  search.addEventListener('input', fill);
  fill();
  const details = element('details', {}, [element('summary', { text: `${rows.length} counters` }), search, place]);
  return details;
}

function environmentList(run: RunReport): HTMLElement {
  const { environment, target, tool, scenario } = run;
  const rows: [string, string][] = [
    ['Target', `${target.name} ${target.version}`],
    ['Started as', target.command.join(' ')],
    ['Runs on', target.runtime],
    ['floodgate on', `Node.js ${environment.node} (V8 ${environment.v8})`],
    ['System', `${environment.platform} ${environment.arch}, kernel ${environment.kernel}`],
    ['Machine', `${environment.cpu}, ${environment.cores} cores, ${formatBytes(environment.memoryBytes)}`],
    ['Privilege', environment.privilege],
    ['Seed', scenario.seed === null ? 'none' : String(scenario.seed)],
    ...Object.entries(scenario.options),
    ...Object.entries(environment.extra),
    ['Started at', run.startedAt],
    ['Made by', `${tool.name} ${tool.version}, report version ${run.schemaVersion}`],
  ];
  return element(
    'dl',
    {},
    rows
      .filter(([, value]) => value !== '')
      .flatMap(([name, value]) => [
        element('dt', { text: printable(name, 100) }),
        element('dd', { text: printable(value) }),
      ]),
  );
}
