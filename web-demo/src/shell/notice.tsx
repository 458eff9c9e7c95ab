import { notice } from '../notice';

export function Notice() {
  return <p class="toast" role="status" aria-live="polite" data-shown={notice.value !== ''}>{notice.value}</p>;
}
