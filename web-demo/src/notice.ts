// One line at the foot of the page that says what has just been done.
import { signal } from '@preact/signals';

export const notice = signal('');
let timer: ReturnType<typeof setTimeout> | undefined;

export function tell(text: string): void {
  notice.value = text;
  clearTimeout(timer);
  timer = setTimeout(() => {
    notice.value = '';
  }, 5000);
}
