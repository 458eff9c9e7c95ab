// Asked in the page, beside what there is to read, and answered whenever the visitor likes.
import { signal } from '@preact/signals';
import { useState } from 'preact/hooks';
import type { Consent } from 'sotto';

import { tell } from '../notice';
import { ConsentSwitches } from '../privacy/consent_switches';
import { hrefOf } from '../router';
import { messageOf, privacy, sotto } from '../site';

/** Said no for now: kept as long as the page, since nothing may be stored without consent. */
const declined = signal(false);

export function ConsentForm() {
  const [choice, setChoice] = useState<Consent>({ personalise: false, contribute: false });
  if (privacy.value === null || privacy.value.consent.personalise) return null;
  if (declined.value) {
    return (
      <p class="consent-later">
        Nothing is recorded; what you see is what everybody sees.
        <button type="button" class="link-button" onClick={() => { declined.value = false; }}>Make it personal</button>
      </p>
    );
  }
  const agree = async () => {
    try {
      await sotto.value?.setConsent(choice);
      if (!choice.personalise) declined.value = true;
      else tell('Thank you. From now on this device remembers what you read here.');
    } catch (error) {
      tell(messageOf(error));
    }
  };
  return (
    <section class="consent" aria-labelledby="consent-title">
      <div class="consent-words">
        <p class="kicker">Before you read on, or after</p>
        <h2 id="consent-title">May this device remember what you read here?</h2>
        <p>So far nothing has been recorded or stored. You may read everything without an answer. <a href={hrefOf({ page: 'privacy' })}>What exactly is promised</a></p>
      </div>
      <div class="consent-choice">
        <ConsentSwitches consent={choice} change={setChoice} />
        <div class="row">
          <button type="button" class="button button-strong" onClick={() => void agree()}>
            {choice.personalise ? 'Agree to this' : 'Continue without'}
          </button>
          {choice.personalise && <button type="button" class="button button-quiet" onClick={() => { declined.value = true; }}>Not now</button>}
        </div>
      </div>
    </section>
  );
}
