// How <sotto-privacy> looks. It follows the page's color-scheme; --sotto-* properties and ::part
// change the rest. Every pair of colours here has a contrast of 4.5 or more, edges of controls of 3.

export const privacyStyle = `
:host {
  --text: var(--sotto-text, #1c2024);
  --muted: var(--sotto-muted, #565f69);
  --surface: var(--sotto-surface, #ffffff);
  --line: var(--sotto-line, #e1e4e8);
  --edge: var(--sotto-edge, #77818c);
  --accent: var(--sotto-accent, #0b6b4f);
  --on-accent: var(--sotto-on-accent, #ffffff);
  --danger: var(--sotto-danger, #b3261e);
  --on-danger: var(--sotto-on-danger, #ffffff);
  --radius: var(--sotto-radius, 14px);
  display: block;
  max-inline-size: 40rem;
  color: var(--text);
  font: 400 1rem/1.5 var(--sotto-font, system-ui, sans-serif);
}
@supports (color: light-dark(#fff, #000)) {
  :host {
    --text: var(--sotto-text, light-dark(#1c2024, #e9ecef));
    --muted: var(--sotto-muted, light-dark(#565f69, #a6b0ba));
    --surface: var(--sotto-surface, light-dark(#ffffff, #16191c));
    --line: var(--sotto-line, light-dark(#e1e4e8, #2e3439));
    --edge: var(--sotto-edge, light-dark(#77818c, #87919b));
    --accent: var(--sotto-accent, light-dark(#0b6b4f, #5fd0a8));
    --on-accent: var(--sotto-on-accent, light-dark(#ffffff, #05271b));
    --danger: var(--sotto-danger, light-dark(#b3261e, #ff9c92));
    --on-danger: var(--sotto-on-danger, light-dark(#ffffff, #3b0703));
  }
}
:host([hidden]), [hidden] { display: none !important }
* { box-sizing: border-box }
p, h2, ul { margin: 0; padding: 0 }
section {
  container-type: inline-size;
  background: var(--surface);
  border: 1px solid var(--line);
  border-radius: var(--radius);
  overflow: clip;
}
section > * { padding: 1.125rem 1.375rem }
section > * + * { border-block-start: 1px solid var(--line) }
h2, ::slotted([slot="heading"]) { margin: 0; font-size: 1.25rem; line-height: 1.3; font-weight: 650 }
.muted { color: var(--muted); font-size: 0.9375rem }
header .muted { margin-block-start: 0.25rem; text-wrap: pretty }

.choice { display: grid; grid-template-columns: 1fr auto; column-gap: 1.25rem; align-items: start }
label { font-weight: 600; cursor: pointer }
.choice .muted { grid-column: 1; margin-block-start: 0.125rem; max-inline-size: 52ch; text-wrap: pretty }
.choice > input { grid-column: 2; grid-row: 1 }
input {
  appearance: none;
  position: relative;
  inline-size: 2.75rem;
  block-size: 1.5rem;
  margin: 0;
  border: 1px solid var(--edge);
  border-radius: 1rem;
  background: transparent;
  cursor: pointer;
  transition: background-color 0.15s, border-color 0.15s;
}
input::before {
  content: "";
  position: absolute;
  inset-block-start: calc(50% - 0.5rem);
  inset-inline-start: 0.1875rem;
  inline-size: 1rem;
  block-size: 1rem;
  border-radius: 50%;
  background: var(--edge);
  transition: translate 0.15s, background-color 0.15s;
}
input:checked { background: var(--accent); border-color: var(--accent) }
input:checked::before { background: var(--on-accent); translate: 1.25rem 0 }
input:checked:dir(rtl)::before { translate: -1.25rem 0 }
input:disabled { cursor: default; border-style: dashed }
input:disabled::before { opacity: 0.5 }
.notice { grid-column: 1 / -1; margin-block-start: 0.75rem; padding-inline-start: 0.75rem;
  border-inline-start: 3px solid var(--accent); font-size: 0.9375rem; text-wrap: pretty }
.notice.blocked { border-color: var(--edge) }
.notice:empty { display: none }

.budget { display: grid; gap: 0.5rem }
.budget > div:first-child { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1rem }
.budget strong { font-weight: 600 }
[role="meter"] { block-size: 0.625rem; border: 1px solid var(--edge); border-radius: 1rem;
  overflow: clip }
[role="meter"] > div { block-size: 100%; background: var(--accent); transition: inline-size 0.3s }
.budget .muted { font-variant-numeric: tabular-nums }
[part="figures"] > span { display: block }

summary { cursor: pointer; font-weight: 600; border-radius: 4px }
details ul { list-style: none; max-block-size: 16rem; overflow: auto; margin-block-start: 0.5rem }
details li { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1.5rem;
  padding-block: 0.5rem; font-size: 0.9375rem; font-variant-numeric: tabular-nums }
details li + li { border-block-start: 1px solid var(--line) }

.actions, .question > div { display: flex; flex-wrap: wrap; gap: 0.625rem }
.actions > :last-child { margin-inline-start: auto }
.question { display: grid; gap: 0.875rem }
.question p { text-wrap: pretty; max-inline-size: 56ch }
button {
  min-block-size: 2.5rem;
  padding: 0.375rem 1rem;
  font: inherit;
  font-size: 0.9375rem;
  font-weight: 550;
  color: var(--text);
  background: transparent;
  border: 1px solid var(--edge);
  border-radius: calc(var(--radius) * 0.6);
  cursor: pointer;
}
button:hover { border-color: var(--text) }
button.danger { color: var(--danger); border-color: currentColor }
button.danger.sure { color: var(--on-danger); background: var(--danger); border-color: var(--danger) }
.status { font-size: 0.9375rem }
.status:empty { display: block; padding: 0; border: 0 }
.status.failed { color: var(--danger) }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
summary:focus-visible { outline-offset: 4px }

@container (inline-size < 26rem) {
  .choice .muted { grid-column: 1 / -1 }
  .actions > * { flex: 1 1 auto }
  .actions > :last-child { flex-basis: 100%; margin: 0 }
}
@media (prefers-reduced-motion: reduce) {
  *, *::before { transition: none !important }
}
@media (forced-colors: active) {
  input { forced-color-adjust: none; border-color: ButtonText; background: ButtonFace }
  input::before { background: ButtonText }
  input:checked { background: Highlight; border-color: Highlight }
  input:checked::before { background: HighlightText }
  input:disabled { border-color: GrayText }
  input:disabled::before { background: GrayText; opacity: 1 }
  [role="meter"] > div { forced-color-adjust: none; background: Highlight }
  :focus-visible { outline-color: Highlight }
}
`;
