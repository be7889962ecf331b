/** The flame graph on a canvas: search, click to focus, inverted, by line, and all of it by keyboard. */
import { formatBytes, formatDifference, formatShare, formatSite } from '../format.ts';
import type { FlameTree } from '../model.ts';
import { button, element } from './dom.ts';
import { drawFlame, type FlameScene, rowPx } from './flame-drawing.ts';
import { type FlameLayout, type FlameWidth, layoutFlame, nodeAt, searchFlame } from './flame-layout.ts';
import { onThemeChange } from './theme.ts';

/** How the two sides of the tree are called. */
export interface FlameWords {
  /** What the width of a box may stand for, the first one at first. */
  readonly widths: readonly (readonly [FlameWidth, string])[];
  readonly before: string;
  readonly after: string;
  /** Whether call sites have lines to be seen by. */
  readonly hasLines: boolean;
}

/** Of a spike. */
const spikeWords: FlameWords = {
  widths: [
    ['after', 'in the window'],
    ['before', 'steady state'],
    ['growth', 'growth'],
  ],
  before: 'in the steady state',
  after: 'in the window',
  hasLines: true,
};

/** Of two versions: both of a box are drawn. */
export const versionWords: FlameWords = {
  widths: [
    ['both', 'base and head'],
    ['after', 'head'],
    ['before', 'base'],
    ['growth', 'growth'],
  ],
  before: 'a request in the base',
  after: 'a request in the head',
  hasLines: false,
};

interface FlameState extends FlameScene {
  readonly flameWords: FlameWords;
  width: FlameWidth;
  inverted: boolean;
  byFunction: boolean;
}

export interface FlameView {
  readonly root: HTMLElement;
  /** Draws at the width that there is; call when it becomes visible. */
  draw(): void;
}

/** A flame graph of what was there before and after. */
export function flameView(flame: FlameTree, flameWords = spikeWords): FlameView {
  const width = flameWords.widths[0]![0];
  const canvas = element('canvas', { class: 'flame', attributes: { tabindex: '0', role: 'img' } });
  const detail = element('output', { class: 'flame-detail' });
  const found = element('span', { class: 'dim' });
  const state: FlameState = {
    flameWords,
    hasBars: flameWords.widths.some(([width]) => width === 'both'),
    layout: layoutFlame(flame, { width, inverted: false, byFunction: false }),
    focus: 0,
    hover: -1,
    words: '',
    matches: new Uint8Array(0),
    width,
    inverted: false,
    byFunction: false,
  };
  const draw = () => drawFlame(canvas, state);
  const describe = (node: number) => {
    detail.textContent = describeNode(state.layout, node >= 0 ? node : state.focus, flameWords);
    canvas.setAttribute('aria-label', `Flame graph. ${detail.textContent}`);
  };
  const search = () => {
    const { matches, share } = searchFlame(state.layout, state.words);
    state.matches = matches;
    found.textContent = state.words.trim() === '' ? '' : `${formatShare(share)} found`;
  };
  const relayout = () => {
    state.layout = layoutFlame(flame, state);
    state.focus = 0;
    state.hover = -1;
    search();
    describe(0);
    draw();
  };
  const focusOn = (node: number) => {
    state.focus = node;
    state.hover = node;
    describe(node);
    draw();
  };
  const hoverOn = (node: number) => {
    if (node === state.hover) return;
    state.hover = node;
    describe(node);
    draw();
  };
  attachPointer(canvas, state, focusOn, hoverOn);
  attachKeys(canvas, state, focusOn, hoverOn);
  const reset = button('Whole graph', () => focusOn(0));
  const root = element('div', {}, [
    controls(
      state,
      relayout,
      () => {
        search();
        draw();
      },
      [found, reset],
    ),
    detail,
    canvas,
  ]);
  search();
  describe(0);
  onThemeChange(draw);
  new ResizeObserver(draw).observe(canvas);
  return { root, draw };
}

function controls(state: FlameState, relayout: () => void, onSearch: () => void, extra: readonly Node[]): HTMLElement {
  const search = element('input', {
    attributes: { type: 'search', placeholder: 'Search function or file', 'aria-label': 'Search function or file' },
  });
  search.addEventListener('input', () => {
    state.words = search.value;
    onSearch();
  });
  const { widths, hasLines } = state.flameWords;
  const select = element(
    'select',
    { attributes: { 'aria-label': 'Width of a box' } },
    widths.map(([value, text]) => element('option', { text, attributes: { value } })),
  );
  select.addEventListener('change', () => {
    state.width = widths.find(([value]) => value === select.value)?.[0] ?? widths[0]![0];
    relayout();
  });
  const toggle = (text: string, name: 'inverted' | 'byFunction', checked: (on: boolean) => boolean) => {
    const box = element('input', { attributes: { type: 'checkbox' } });
    box.checked = checked(state[name]);
    box.addEventListener('change', () => {
      state[name] = checked(box.checked);
      relayout();
    });
    return element('label', {}, [box, document.createTextNode(` ${text}`)]);
  };
  return element('div', { class: 'controls' }, [
    search,
    element('label', { text: 'Width: ' }, [select]),
    toggle('inverted', 'inverted', (on) => on),
    ...(hasLines ? [toggle('by line', 'byFunction', (on) => !on)] : []),
    ...extra,
    element('span', { class: 'legend' }, [
      ...(state.hasBars ? swatches('Bars: ', ['base', 'head']) : []),
      ...swatches(state.hasBars ? 'Boxes: ' : '', ['grew', 'same', 'shrank']),
    ]),
  ]);
}

/** A group of the legend. */
function swatches(title: string, names: readonly string[]): HTMLElement[] {
  const own = names.map((name) => element('span', { class: `swatch ${name}`, text: name }));
  return title === '' ? own : [element('span', { text: title }), ...own];
}

function describeNode(layout: FlameLayout, node: number, flameWords: FlameWords): string {
  const site = layout.site[node]!;
  const where =
    node === 0
      ? 'everything'
      : formatSite({ functionName: layout.name[site]!, file: layout.file[site]!, line: layout.line[site]! });
  const [before, after] = [layout.before[node]!, layout.after[node]!];
  const change = formatDifference(after - before, 'bytes');
  const whole = layout.after[0]! > 0 ? `, ${formatShare(after / layout.after[0]!)} of all` : '';
  return `${where}: ${formatBytes(after)} ${flameWords.after}, ${formatBytes(before)} ${flameWords.before} (${change})${whole}`;
}

function attachPointer(
  canvas: HTMLCanvasElement,
  state: FlameState,
  focusOn: (node: number) => void,
  hoverOn: (node: number) => void,
): void {
  const under = (event: MouseEvent) => {
    const box = canvas.getBoundingClientRect();
    return nodeAt(
      state.layout,
      state.focus,
      (event.clientX - box.left) / box.width,
      Math.floor((event.clientY - box.top) / rowPx(state)),
    );
  };
  canvas.addEventListener('mousemove', (event) => {
    const node = under(event);
    canvas.style.cursor = node >= 0 ? 'pointer' : 'default';
    hoverOn(node);
  });
  canvas.addEventListener('mouseleave', () => hoverOn(-1));
  canvas.addEventListener('click', (event) => {
    const node = under(event);
    if (node >= 0) focusOn(node);
  });
}

/** Arrows walk the graph, Enter focuses, Escape shows the whole again. */
function attachKeys(
  canvas: HTMLCanvasElement,
  state: FlameState,
  focusOn: (node: number) => void,
  hoverOn: (node: number) => void,
): void {
  canvas.addEventListener('keydown', (event) => {
    const at = Math.max(state.hover, 0);
    if (event.key === 'Escape') focusOn(0);
    else if (event.key === 'Enter') focusOn(at);
    else {
      const to = neighbour(state.layout, at, event.key);
      if (to < 0) return;
      hoverOn(to);
    }
    event.preventDefault();
  });
}

function neighbour(layout: FlameLayout, node: number, key: string): number {
  if (key === 'ArrowUp') return Math.max(0, layout.parent[node]!);
  const siblings: number[] = [];
  const parent = key === 'ArrowDown' ? node : key === 'ArrowLeft' || key === 'ArrowRight' ? layout.parent[node]! : -2;
  if (parent === -2) return -1;
  layout.parent.forEach((up, child) => void (up === parent && siblings.push(child)));
  siblings.sort((a, b) => layout.offset[a]! - layout.offset[b]!);
  if (key === 'ArrowDown') return siblings[0] ?? node;
  const index = siblings.indexOf(node) + (key === 'ArrowRight' ? 1 : -1);
  return siblings[Math.min(Math.max(index, 0), siblings.length - 1)] ?? node;
}
