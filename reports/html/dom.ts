/** Building the page: every text goes through `textContent`, so that nothing in a report can be markup. */
import { printable } from '../format.ts';

export interface ElementOptions {
  readonly class?: string;
  readonly text?: string;
  readonly attributes?: Readonly<Record<string, string>>;
}

/** An element with its text or children. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  options: ElementOptions = {},
  children: readonly (Node | null)[] = [],
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (options.class) made.className = options.class;
  if (options.text !== undefined) made.textContent = options.text;
  for (const [name, value] of Object.entries(options.attributes ?? {})) made.setAttribute(name, value);
  for (const child of children) if (child) made.append(child);
  return made;
}

/** A button that does one thing. */
export function button(text: string, onPress: () => void, options: ElementOptions = {}): HTMLButtonElement {
  const made = element('button', { ...options, text, attributes: { type: 'button', ...options.attributes } });
  made.addEventListener('click', onPress);
  return made;
}

/** A section with a heading; nothing when there is nothing to put into it. */
export function section(title: string, children: readonly (Node | null)[], className = ''): HTMLElement | null {
  const kept = children.filter((child) => child !== null);
  if (kept.length === 0) return null;
  return element('section', { class: `card ${className}` }, [element('h2', { text: title }), ...kept]);
}

export interface TableColumn<Row> {
  readonly title: string;
  /** What is shown. */
  readonly cell: (row: Row) => string | Node;
  /** What it is sorted by; a column without cannot be sorted. */
  readonly key?: (row: Row) => number | string;
  readonly numeric?: boolean;
}

/** A table that sorts by a click (or Enter) on a heading; first click: largest first for numbers. */
export function sortableTable<Row>(
  columns: readonly TableColumn<Row>[],
  rows: readonly Row[],
  rowClass?: (row: Row) => string,
): HTMLElement {
  const body = element('tbody');
  const fill = (sorted: readonly Row[]) =>
    body.replaceChildren(
      ...sorted.map((row) =>
        element(
          'tr',
          { class: rowClass?.(row) ?? '' },
          columns.map((column) => {
            const content = column.cell(row);
            // On a narrow screen each cell stands in a line of its own, behind its title.
            const attributes = { 'data-title': column.title };
            const options = { class: column.numeric ? 'number' : '', attributes };
            return typeof content === 'string'
              ? element('td', { ...options, text: content })
              : element('td', options, [content]);
          }),
        ),
      ),
    );
  const headings = columns.map((column) => {
    const heading = element('th', { class: column.numeric ? 'number' : '', attributes: { scope: 'col' } });
    const { key } = column;
    if (!key) heading.textContent = column.title;
    else {
      heading.append(
        button(column.title, () => {
          const was = heading.getAttribute('aria-sort');
          const direction = was === null ? (column.numeric ? -1 : 1) : was === 'ascending' ? -1 : 1;
          for (const other of headings) other.removeAttribute('aria-sort');
          heading.setAttribute('aria-sort', direction > 0 ? 'ascending' : 'descending');
          fill([...rows].sort((a, b) => (key(a) < key(b) ? -direction : key(a) > key(b) ? direction : 0)));
        }),
      );
    }
    return heading;
  });
  fill(rows);
  return element('div', { class: 'scroll' }, [
    element('table', {}, [element('thead', {}, [element('tr', {}, headings)]), body]),
  ]);
}

export interface Tab {
  readonly title: string;
  readonly panel: HTMLElement;
  /** Called when it is shown: what needs a width is drawn then. */
  readonly onShow?: () => void;
}

/** Tabs after the ARIA pattern: arrow keys move, Home and End jump. */
export function tabs(list: readonly Tab[], label: string): HTMLElement {
  const buttons: HTMLButtonElement[] = [];
  const show = (index: number, focus: boolean) => {
    list.forEach((tab, i) => {
      buttons[i]!.setAttribute('aria-selected', String(i === index));
      buttons[i]!.tabIndex = i === index ? 0 : -1;
      tab.panel.hidden = i !== index;
    });
    if (focus) buttons[index]!.focus();
    list[index]?.onShow?.();
  };
  list.forEach((tab, i) => {
    const made = button(tab.title, () => show(i, false), { attributes: { role: 'tab' } });
    made.addEventListener('keydown', (event) => {
      const to = { ArrowRight: i + 1, ArrowLeft: i - 1, Home: 0, End: list.length - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      show((to + list.length) % list.length, true);
    });
    tab.panel.setAttribute('role', 'tabpanel');
    tab.panel.setAttribute('aria-label', tab.title);
    buttons.push(made);
  });
  const made = element('div', { class: 'tabs' }, [
    element('div', { class: 'tab-list', attributes: { role: 'tablist', 'aria-label': label } }, buttons),
    ...list.map((tab) => tab.panel),
  ]);
  // Shown only once it is in the page, so that what is drawn knows its width.
  requestAnimationFrame(() => show(0, false));
  return made;
}

/** A command with a button that copies it. */
export function commandLine(command: string): HTMLElement {
  const copy = button('Copy', () => {
    navigator.clipboard?.writeText(printable(command)).then(
      () => void (copy.textContent = 'Copied'),
      () => void (copy.textContent = 'Select it by hand'),
    );
  });
  return element('div', { class: 'command' }, [element('code', { text: printable(command) }), copy]);
}
