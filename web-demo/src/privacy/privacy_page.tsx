import { useLayoutEffect } from 'preact/hooks';
import type { Blocked } from 'sotto';

import { tell } from '../notice';
import { arrive } from '../router';
import { Trouble } from '../shell/trouble';
import { config, messageOf, phase, privacy, sotto } from '../site';
import { ConsentSwitches } from './consent_switches';
import { Contributions } from './contributions';
import { Gauge } from './gauge';
import { Promises } from './promises';
import { YourUpdate } from './your_update';

const blockedWords: Readonly<Record<Blocked, string>> = {
  consent: 'Nothing is sent: you have not agreed to it.',
  gpc: 'Nothing is sent: your browser tells sites not to share data (Global Privacy Control).',
  automation: 'Nothing is sent: this browser is being driven by a program.',
  paused: 'Paused: nothing is recorded and nothing is sent until you resume.',
  storage: 'Nothing is sent: this browser keeps nothing after the page is closed, so what was spent of the budget could not be remembered.',
  locks: 'Nothing is sent: this browser cannot make sure that two tabs do not report twice.',
  ledger: 'Nothing is sent: the record of what was spent is damaged. Forgetting everything starts a new one.',
  budget: 'Nothing more is sent: your privacy budget is spent.',
};

export function PrivacyPage() {
  useLayoutEffect(() => arrive({ page: 'privacy' }), []);
  const state = privacy.value;
  return (
    <>
      <header class="page-head">
        <p class="kicker">Privacy</p>
        <h1 tabIndex={-1}>Proof that nobody was watching</h1>
        <p class="page-lead">What you agreed to, what it has cost, what was sent, and what a server could see of it.</p>
      </header>
      <Trouble />
      {!state && phase.value === 'loading' && <div class="skeleton block" aria-busy="true"><i class="line tall" /><i class="line" /><i class="line half" /></div>}
      {state && (
        <>
          <div class="two-columns">
            <section class="panel" aria-labelledby="consent-heading">
              <h2 id="consent-heading" class="section-title">Your choice</h2>
              <ConsentSwitches consent={state.consent} change={(consent) => {
                sotto.value?.setConsent(consent).catch((error: unknown) => tell(messageOf(error)));
              }} />
              <p class="state-line" data-blocked={state.blocked ?? 'no'}>
                {state.blocked ? blockedWords[state.blocked] : 'A report is sent when the site asks for one, and only within your budget.'}
              </p>
            </section>
            <section class="panel" aria-labelledby="budget-heading">
              <h2 id="budget-heading" class="section-title">Your budget</h2>
              <Gauge state={state} />
            </section>
          </div>
          <section class="panel" aria-labelledby="sent-heading">
            <h2 id="sent-heading" class="section-title">What was contributed <span class="tag">{state.contributions.length}</span></h2>
            <Contributions list={state.contributions} />
          </section>
          <YourUpdate />
        </>
      )}
      <Promises delta={state?.delta ?? config.value?.delta ?? 1e-6} />
    </>
  );
}
