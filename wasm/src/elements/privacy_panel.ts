// The parts of <sotto-privacy>, built once for a language; privacy.ts gives them life.

import { build } from './build.js';
import type { PrivacyMessages } from './privacy_messages.js';

export interface PrivacyPanel {
  readonly root: HTMLElement;
  readonly personalise: HTMLInputElement;
  readonly contribute: HTMLInputElement;
  readonly blocked: HTMLElement;
  readonly memory: HTMLElement;
  readonly spent: HTMLElement;
  readonly meter: HTMLElement;
  readonly bar: HTMLElement;
  readonly figures: HTMLElement;
  readonly contributions: HTMLDetailsElement;
  readonly summary: HTMLElement;
  readonly list: HTMLElement;
  readonly actions: HTMLElement;
  readonly pause: HTMLButtonElement;
  readonly export: HTMLButtonElement;
  readonly forget: HTMLButtonElement;
  readonly question: HTMLElement;
  readonly confirm: HTMLButtonElement;
  readonly cancel: HTMLButtonElement;
  readonly status: HTMLElement;
}

function choice(name: string, label: string, hint: string, describedBy: string,
  ...more: readonly HTMLElement[]): { row: HTMLElement; input: HTMLInputElement } {
  const input = build('input', { type: 'checkbox', role: 'switch', id: name, part: 'switch',
    'aria-describedby': describedBy });
  const row = build('div', { class: 'choice', part: 'choice' },
    build('label', { for: name, part: 'label' }, label), input,
    build('p', { class: 'muted', part: 'hint', id: `${name}-hint` }, hint), ...more);
  return { row, input };
}

function button(text: string, classes = ''): HTMLButtonElement {
  return build('button', { type: 'button', class: classes,
    part: classes.includes('danger') ? 'button danger' : 'button' }, text);
}

export function buildPrivacyPanel(messages: PrivacyMessages): PrivacyPanel {
  const memory = build('p', { class: 'notice blocked', part: 'notice', id: 'memory' });
  const blocked = build('p', { class: 'notice', part: 'notice', id: 'blocked' });
  const personalise = choice('personalise', messages.personalise, messages.personaliseHint,
    'personalise-hint memory', memory);
  const contribute = choice('contribute', messages.contribute, messages.contributeHint,
    'contribute-hint blocked', blocked);

  const spent = build('span', { class: 'muted', part: 'spent' });
  const bar = build('div', { part: 'bar' });
  const meter = build('div', { role: 'meter', part: 'meter', 'aria-labelledby': 'budget',
    'aria-valuemin': '0', 'aria-valuemax': '100' }, bar);
  const figures = build('p', { class: 'muted', part: 'figures' });
  const budget = build('div', { class: 'budget', part: 'budget' },
    build('div', {}, build('strong', { id: 'budget', part: 'label' }, messages.budget), spent),
    meter, figures);

  const summary = build('summary', { part: 'summary', id: 'contributions' });
  const list = build('ul', { role: 'list', tabindex: '0', 'aria-labelledby': 'contributions' });
  const contributions = build('details', { part: 'contributions' }, summary, list);

  const [pause, exportButton, forget] = [button(messages.pause), button(messages.export),
    button(messages.forget, 'danger')];
  const actions = build('div', { class: 'actions', part: 'actions' }, pause, exportButton, forget);
  const [confirm, cancel] = [button(messages.forgetConfirm, 'danger sure'), button(messages.cancel)];
  const question = build('div', { class: 'question', role: 'group', part: 'question',
    'aria-labelledby': 'question', hidden: true },
    build('p', { id: 'question' }, messages.forgetQuestion), build('div', {}, cancel, confirm));
  const status = build('p', { class: 'status', role: 'status', part: 'status' });

  const heading = build('div', { id: 'heading' },
    build('slot', { name: 'heading' }, build('h2', { part: 'heading' }, messages.heading)));
  const root = build('section', { 'aria-labelledby': 'heading', part: 'panel' },
    build('header', {}, heading, build('p', { class: 'muted', part: 'intro' }, messages.intro)),
    personalise.row, contribute.row, budget, contributions, actions, question, status);
  return { root, personalise: personalise.input, contribute: contribute.input, blocked, memory, spent,
    meter, bar, figures, contributions, summary, list, actions, pause, export: exportButton, forget,
    question, confirm, cancel, status };
}
