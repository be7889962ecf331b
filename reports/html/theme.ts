/** Dark and light: the system's choice until the reader makes one. */
import { button } from './dom.ts';

const listeners: (() => void)[] = [];

/** Value of a CSS custom property now. */
export function colourOf(property: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(property).trim();
}

/** Called after the theme has changed, for what is drawn rather than styled. */
export function onThemeChange(listener: () => void): void {
  listeners.push(listener);
}

function setTheme(theme: 'dark' | 'light'): void {
  document.documentElement.dataset.theme = theme;
  for (const listener of listeners) listener();
}

/** Follows the system, and gives the button that departs from it. */
export function themeButton(): HTMLButtonElement {
  const system = matchMedia('(prefers-color-scheme: dark)');
  setTheme(system.matches ? 'dark' : 'light');
  system.addEventListener('change', () => setTheme(system.matches ? 'dark' : 'light'));
  let onScreen: 'dark' | 'light' = 'light';
  // Paper is white, and has no tabs to click: all of them are shown before what is drawn is drawn again.
  addEventListener('beforeprint', () => {
    onScreen = document.documentElement.dataset.theme === 'dark' ? 'dark' : 'light';
    document.documentElement.dataset.printing = 'true';
    setTheme('light');
  });
  addEventListener('afterprint', () => {
    delete document.documentElement.dataset.printing;
    setTheme(onScreen);
  });
  return button('◐', () => setTheme(document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark'), {
    class: 'quiet',
    attributes: { 'aria-label': 'Dark or light', title: 'Dark or light' },
  });
}
