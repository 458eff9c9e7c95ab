// What the leader announces to everybody, as it happens.
import { signal } from '@preact/signals';

import { leaderOrigin } from '../site';

export interface Announcement {
  readonly at: number;
  readonly text: string;
}

/** Newest first. */
export const announcements = signal<readonly Announcement[]>([]);
/** Of the open task, between two looks at the crowd. */
export const liveReports = signal<{ readonly task: string; readonly reports: number; readonly maxBatch: number } | null>(null);

const kept = 8;
const againMs = 3000;

function textOf(message: Record<string, unknown>): string | null {
  switch (message.type) {
    case 'model': return `Model ${String(message.sequence)} is published`;
    case 'task': return 'A new task is open';
    case 'batch': return `${Number(message.reports).toLocaleString('en')} reports in the batch`;
    case 'collected': return `Collected: the sum of ${Number(message.reports).toLocaleString('en')} reports`;
    default: return null;
  }
}

function hear(message: Record<string, unknown>): void {
  if (message.type === 'batch')
    liveReports.value = { task: String(message.task), reports: Number(message.reports), maxBatch: Number(message.max_batch) };
  const text = textOf(message);
  if (text === null) return;
  const before = announcements.value;
  // A batch that grows is one line that counts.
  const rest = message.type === 'batch' && before[0]?.text.endsWith('in the batch') ? before.slice(1) : before;
  announcements.value = [{ at: Date.now(), text }, ...rest].slice(0, kept);
}

/** Returns what ends it. */
export function listen(): () => void {
  let ended = false;
  let socket: WebSocket | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const open = () => {
    const origin = leaderOrigin();
    if (ended || origin === '') return;
    socket = new WebSocket(`${origin.replace(/^http/, 'ws')}/v1/events`);
    socket.onmessage = ({ data }) => {
      try {
        hear(JSON.parse(String(data)) as Record<string, unknown>);
      } catch {
        // Not JSON: nothing that this page knows.
      }
    };
    socket.onclose = () => {
      if (!ended) timer = setTimeout(open, againMs);
    };
  };
  open();
  return () => {
    ended = true;
    clearTimeout(timer);
    socket?.close();
  };
}
