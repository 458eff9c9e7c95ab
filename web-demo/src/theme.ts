import { signal } from '@preact/signals';

export type Theme = 'light' | 'dark';

const root = document.documentElement;
/** public/early.js has set it before the first paint. */
export const theme = signal<Theme>(root.dataset.theme === 'dark' ? 'dark' : 'light');

function show(next: Theme): void {
  theme.value = next;
  root.dataset.theme = next;
}

export function toggleTheme(): void {
  show(theme.value === 'dark' ? 'light' : 'dark');
  try {
    localStorage.setItem('theme', theme.value);
  } catch {
    // Storage is blocked: the choice lasts as long as the page.
  }
}

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', ({ matches }) => {
  try {
    if (localStorage.getItem('theme')) return;
  } catch {
    // No choice was kept.
  }
  show(matches ? 'dark' : 'light');
});
