/** What small charts of the pages share: plain axes, and a size that follows their place. */
import type uPlotType from 'uplot';
import { formatValue } from '../format.ts';
import type { Unit } from '../model.ts';
import { colourOf, onThemeChange } from './theme.ts';

export const plainAxis: uPlotType.Axis = {
  stroke: () => colourOf('--dim'),
  grid: { stroke: () => colourOf('--grid'), width: 1 },
  ticks: { show: false },
  font: '11px system-ui, sans-serif',
};

/** The axis of what is drawn, with room for its longest figures. */
export const valueAxis = (unit: Unit, widthPx = 74): uPlotType.Axis => ({
  ...plainAxis,
  size: widthPx,
  space: 24,
  values: (_plot, ticks) => ticks.map((tick) => formatValue(tick, unit)),
});

/** What a legend shows of a value. */
export const valueIn =
  (unit: Unit) =>
  (_plot: uPlotType, value: number | null): string =>
    value === null ? '–' : formatValue(value, unit);

/** Draws once the place is in the page and has a width. @param make for that width in CSS pixels */
export function drawIn(place: HTMLElement, heightPx: number, make: (widthPx: number) => uPlotType): void {
  requestAnimationFrame(() => {
    const plot = make(place.clientWidth);
    onThemeChange(() => plot.redraw(false, true));
    new ResizeObserver(
      () => plot.width !== place.clientWidth && plot.setSize({ width: place.clientWidth, height: heightPx }),
    ).observe(place);
  });
}
