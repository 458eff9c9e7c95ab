import { hrefOf, pages, route, type Page } from '../router';
import { phase, privacy, status } from '../site';
import { theme, toggleTheme } from '../theme';
import { count } from '../words';
import { Icon } from './icon';

const names: Readonly<Record<Page, string>> = { read: 'Read', compare: 'Compare', you: 'You', privacy: 'Privacy', crowd: 'Crowd' };

export function Head() {
  const now = route.value.page === 'article' ? 'read' : route.value.page;
  return (
    <header class="head">
      <div class="head-inner">
        <a class="brand" href={hrefOf({ page: 'read' })}>Sotto <em>voce</em></a>
        <nav class="nav" aria-label="Pages">
          <ul>
            {pages.map((page) => (
              <li key={page}><a href={hrefOf({ page })} aria-current={page === now ? 'page' : undefined}><Icon name={page} /><span>{names[page]}</span></a></li>
            ))}
          </ul>
        </nav>
        <StatusChip />
        <button type="button" class="icon-button" onClick={toggleTheme} aria-label={theme.value === 'dark' ? 'Light theme' : 'Dark theme'}>
          <Icon name={theme.value === 'dark' ? 'sun' : 'moon'} />
        </button>
      </div>
    </header>
  );
}

/** What runs here, in a few words; more behind it. */
function StatusChip() {
  const sent = privacy.value?.contributions.filter(({ state }) => state === 'sent').length ?? 0;
  const { model, trouble } = status.value ?? { model: null, trouble: null };
  const on = privacy.value?.consent.personalise === true && !privacy.value.paused;
  const state = phase.value === 'loading' ? 'Starting'
    : phase.value !== 'ready' ? 'Not running'
      : privacy.value?.paused ? 'Paused' : on ? 'On this device' : 'Nothing recorded';
  return (
    <a class="chip" href={hrefOf({ page: 'privacy' })} data-status={trouble ? 'trouble' : on ? 'on' : 'off'}>
      <span class="chip-dot" aria-hidden="true" />
      <span class="chip-state">{state}</span>
      <span class="chip-more">{model ? `model ${model.sequence}` : 'no model yet'}</span>
      <span class="chip-more">{count(sent, 'contribution')}</span>
    </a>
  );
}
