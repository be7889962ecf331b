/** The boxes of a flame graph on its canvas: red grew, blue shrank; of two versions both widths, one over the other. */
import type { FlameLayout } from './flame-layout.ts';
import { colourOf } from './theme.ts';

/** Of a line of text. */
const TEXT_ROW_PX = 19;
/** Each of the two bars at the foot of a box. */
const BAR_PX = 3;
/** Deeper rows exist only for stacks too deep to be read anyway. */
const ROWS_MAX = 200;
/** Narrower boxes are drawn without text, and below half a pixel not at all. */
const TEXT_PX_MIN = 34;

export interface FlameScene {
  layout: FlameLayout;
  focus: number;
  hover: number;
  words: string;
  matches: Uint8Array;
  /** Boxes show how wide both sides are. */
  readonly hasBars: boolean;
}

export const rowPx = ({ hasBars }: FlameScene): number => TEXT_ROW_PX + (hasBars ? 2 * BAR_PX : 0);

export function drawFlame(canvas: HTMLCanvasElement, state: FlameScene): void {
  const { layout, focus } = state;
  const width = canvas.clientWidth;
  if (width === 0) return;
  const rows = Math.min(layout.depthMax + 1, ROWS_MAX);
  const ratio = devicePixelRatio;
  const rowHeight = rowPx(state);
  const height = rows * rowHeight;
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
    bars: state.hasBars ? [colourOf('--s2'), colourOf('--s3')] : undefined,
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
    const [x, w, y] = [Math.max(0, left), Math.min(width, right) - Math.max(0, left), row * rowHeight];
    context.globalAlpha = isCaller ? 0.55 : 1;
    context.fillStyle = searching && state.matches[node] ? palette.found : diffColour(layout, node);
    context.fillRect(x, y, Math.max(0.5, w - 0.7), rowHeight - 1);
    if (palette.bars) drawBars(context, layout, node, { left, width: right - left, y, colours: palette.bars });
    if (node === state.hover) {
      context.strokeStyle = palette.ring;
      context.lineWidth = 2;
      context.strokeRect(x + 1, y + 1, Math.max(1, w - 3), rowHeight - 3);
    }
    if (w >= TEXT_PX_MIN) drawLabel(context, layout, node, x, y, w, palette.text);
  }
  context.globalAlpha = 1;
}

interface Bars {
  /** Of the box, cut or not. */
  readonly left: number;
  readonly width: number;
  readonly y: number;
  /** Of base and head. */
  readonly colours: readonly string[];
}

/** How wide base and head are in a box, one over the other at its foot. */
function drawBars(context: CanvasRenderingContext2D, layout: FlameLayout, node: number, bars: Bars): void {
  const weight = layout.weight[node]!;
  if (weight <= 0) return;
  [layout.before[node]!, layout.after[node]!].forEach((value, at) => {
    context.fillStyle = bars.colours[at]!;
    const width = Math.max(0, bars.width * Math.min(1, value / weight) - 0.7);
    context.fillRect(bars.left, bars.y + TEXT_ROW_PX - 1 + BAR_PX * at, width, BAR_PX - 0.5);
  });
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
  context.rect(x, y, w - 3, TEXT_ROW_PX);
  context.clip();
  context.fillStyle = colour;
  context.fillText(node === 0 ? 'all' : file ? `${name}  ${file}${line}` : name, x + 4, y + TEXT_ROW_PX / 2);
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
