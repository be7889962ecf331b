/** Lines of a source, folded or open. */
import { excerptTitle, formatExcerpt } from '../format.ts';
import type { SourceExcerpt } from '../model.ts';
import { element } from './dom.ts';

export function sourcePanel(excerpt: SourceExcerpt, isOpen = false): HTMLElement {
  const panel = element('details', {}, [
    element('summary', { text: excerptTitle(excerpt) }),
    element('pre', { text: formatExcerpt(excerpt).join('\n') }),
  ]);
  panel.open = isOpen;
  return panel;
}
