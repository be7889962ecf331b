/** The flame graph on a canvas: search, click to focus, inverted, by line, and all of it by keyboard. */
import { formatBytes, formatDifference, formatShare, formatSite } from '../format.ts';
import type { FlameTree } from '../model.ts';
import { button, element } from './dom.ts';
import { type FlameLayout, type FlameWidth, layoutFlame, nodeAt, searchFlame } from './flame-layout.ts';
import { colourOf, onThemeChange } from './theme.ts';

const ROW_PX = 19;
/** Deeper rows exist only for stacks too deep to be read anyway. */
const ROWS_MAX = 200;
/** Narrower boxes are drawn without text, and below half a pixel not at all. */
const TEXT_PX_MIN = 34;

interface FlameState {
  layout: FlameLayout;
  focus: number;
  hover: number;
  words: string;
  matches: Uint8Array;
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
export function flameView(flame: FlameTree): FlameView {
  const canvas = element('canvas', { class: 'flame', attributes: { tabindex: '0', role: 'img' } });
  const detail = element('output', { class: 'flame-detail' });
  const found = element('span', { class: 'dim' });
  const state: FlameState = {
    layout: layoutFlame(flame, { width: 'after', inverted: false, byFunction: false }),
    focus: 0,
    hover: -1,
    words: '',
    matches: new Uint8Array(0),
    width: 'after',
    inverted: false,
    byFunction: false,
  };
  const draw = () => drawFlame(canvas, state);
  const describe = (node: number) => {
    detail.textContent = describeNode(state.layout, node >= 0 ? node : state.focus);
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
  const widths: readonly [FlameWidth, string][] = [
    ['after', 'in the window'],
    ['before', 'steady state'],
    ['growth', 'growth'],
  ];
  const select = element(
    'select',
    { attributes: { 'aria-label': 'Width of a box' } },
    widths.map(([value, text]) => element('option', { text, attributes: { value } })),
  );
  select.addEventListener('change', () => {
    state.width = widths.find(([value]) => value === select.value)?.[0] ?? 'after';
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
    toggle('by line', 'byFunction', (on) => !on),
    ...extra,
    element('span', { class: 'legend' }, [
      element('span', { class: 'swatch grew', text: 'grew' }),
      element('span', { class: 'swatch same', text: 'same' }),
      element('span', { class: 'swatch shrank', text: 'shrank' }),
    ]),
  ]);
}

function describeNode(layout: FlameLayout, node: number): string {
  const site = layout.site[node]!;
  const where =
    node === 0
      ? 'everything'
      : formatSite({ functionName: layout.name[site]!, file: layout.file[site]!, line: layout.line[site]! });
  const [before, after] = [layout.before[node]!, layout.after[node]!];
  const change = formatDifference(after - before, 'bytes');
  const whole = layout.after[0]! > 0 ? `, ${formatShare(after / layout.after[0]!)} of all` : '';
  return `${where}: ${formatBytes(after)} in the window, ${formatBytes(before)} in the steady state (${change})${whole}`;
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
      Math.floor((event.clientY - box.top) / ROW_PX),
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

function drawFlame(canvas: HTMLCanvasElement, state: FlameState): void {
  const { layout, focus } = state;
  const width = canvas.clientWidth;
  if (width === 0) return;
  const rows = Math.min(layout.depthMax + 1, ROWS_MAX);
  const ratio = devicePixelRatio;
  const height = rows * ROW_PX;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.height = `${height}px`;
  }
  const context = canvas.getContext('2d')!;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  context.font = '12px system-ui, sans-serif';
  context.textBaseline = 'middle';
  const palette = {
    text: colourOf('--flame-text'),
    line: colourOf('--card'),
    found: colourOf('--found'),
    ring: colourOf('--accent'),
  };
  const callers = new Set<number>();
  for (let up = layout.parent[focus]!; up >= 0; up = layout.parent[up]!) callers.add(up);
  const [from, span] = [layout.offset[focus]!, layout.share[focus]! || 1];
  const searching = state.words.trim() !== '';
  for (let node = 0; node < layout.site.length; node += 1) {
    const row = layout.depth[node]!;
    if (row >= rows) continue;
    const isCaller = callers.has(node);
    if (!isCaller && row < layout.depth[focus]!) continue;
    const left = isCaller ? 0 : ((layout.offset[node]! - from) / span) * width;
    const right = isCaller ? width : left + (layout.share[node]! / span) * width;
    if (right <= 0.01 || left >= width - 0.01 || right - left < 0.5) continue;
    const [x, w, y] = [Math.max(0, left), Math.min(width, right) - Math.max(0, left), row * ROW_PX];
    context.globalAlpha = isCaller ? 0.55 : 1;
    context.fillStyle = searching && state.matches[node] ? palette.found : diffColour(layout, node);
    context.fillRect(x, y, Math.max(0.5, w - 0.7), ROW_PX - 1);
    if (node === state.hover) {
      context.strokeStyle = palette.ring;
      context.lineWidth = 2;
      context.strokeRect(x + 1, y + 1, Math.max(1, w - 3), ROW_PX - 3);
    }
    if (w >= TEXT_PX_MIN) drawLabel(context, layout, node, x, y, w, palette.text);
  }
  context.globalAlpha = 1;
}

function drawLabel(
  context: CanvasRenderingContext2D,
  layout: FlameLayout,
  node: number,
  x: number,
  y: number,
  w: number,
  colour: string,
): void {
  const site = layout.site[node]!;
  const line = layout.line[site]! > 0 ? `:${layout.line[site]}` : '';
  const name = layout.name[site]!.slice(0, 300) || '(anonymous)';
  const file = layout.file[site]!.split('/').at(-1)!.slice(0, 120);
  context.save();
  context.beginPath();
  context.rect(x, y, w - 3, ROW_PX);
  context.clip();
  context.fillStyle = colour;
  context.fillText(node === 0 ? 'all' : file ? `${name}  ${file}${line}` : name, x + 4, y + ROW_PX / 2);
  context.restore();
}

/** Red grew, blue shrank, sand stayed: the stronger, the more of itself and of the whole change it is. */
function diffColour({ before, after }: FlameLayout, node: number): string {
  const difference = after[node]! - before[node]!;
  const most = Math.max(before[node]!, after[node]!);
  const whole = Math.abs(after[0]! - before[0]!);
  const ofItself = most > 0 ? Math.min(1, Math.abs(difference) / most) : 0;
  const ofAll = whole > 0 ? Math.min(1, Math.abs(difference) / whole) : 0;
  const strength = ofItself * (0.25 + 0.75 * Math.sqrt(ofAll));
  const dark = document.documentElement.dataset.theme === 'dark';
  if (strength < 0.02) return `hsl(42 20% ${dark ? 32 : 84}%)`;
  const saturation = dark ? 14 + 46 * strength : 30 + 50 * strength;
  return `hsl(${difference > 0 ? 10 : 212} ${saturation}% ${dark ? 30 + 8 * strength : 86 - 22 * strength}%)`;
}
