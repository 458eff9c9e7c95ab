import type { Consent } from 'sotto';

import { Switch } from '../shell/switch';

/** Both switches and what they mean. Contributing needs the first one, so each moves the other. */
export function ConsentSwitches({ consent, change, disabled = false }:
  { consent: Consent; change: (consent: Consent) => void; disabled?: boolean }) {
  return (
    <div class="switches">
      <Switch checked={consent.personalise} disabled={disabled} label="Personal recommendations"
        change={(personalise) => change({ personalise, contribute: personalise && consent.contribute })}>
        This device remembers what you read here and orders the magazine by it. That history never leaves it.
      </Switch>
      <Switch checked={consent.contribute} disabled={disabled} label="Help everybody’s recommendations"
        change={(contribute) => change({ personalise: consent.personalise || contribute, contribute })}>
        Now and then it sends one report, split between two servers. Neither can read it; only the noised sum of many becomes known.
      </Switch>
    </div>
  );
}
