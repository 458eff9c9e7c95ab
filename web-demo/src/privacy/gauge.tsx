import type { PrivacyState } from 'sotto';

import { config } from '../site';
import { duration, epsilon, percent } from '../words';

const radius = 80;
const halfCircle = Math.PI * radius;
const arc = `M ${100 - radius} 100 A ${radius} ${radius} 0 0 1 ${100 + radius} 100`;

/** Of the rolling window, in rho, in which equal reports cost equal parts; beneath it as epsilon. */
export function Gauge({ state: { window, lifetime, delta } }: { state: PrivacyState }) {
  const limit = window.spentRho + window.leftRho;
  if (limit === 0) {
    const budget = config.value?.budget;
    return <p class="empty-small">There is no budget yet, because nothing may be sent. {budget && `With your consent it is rho ${budget.windowRho} in the window and ${budget.lifetimeRho} ever, kept on this device.`}</p>;
  }
  const part = Math.min(window.spentRho / limit, 1);
  const days = Math.round(window.ms / 86_400_000);
  return (
    <div class="gauge">
      <svg viewBox="0 0 200 112" role="img" aria-label={`${percent(part)} of the privacy budget spent`}>
        <path class="gauge-track" d={arc} />
        <path class="gauge-fill" d={arc} stroke-dasharray={`${part * halfCircle} ${halfCircle * 2}`} />
        <text class="gauge-value" x="100" y="88" text-anchor="middle">{percent(part)}</text>
        <text class="gauge-words" x="100" y="106" text-anchor="middle">spent</text>
      </svg>
      <dl class="figures">
        <div><dt>In {days > 0 ? `${days} days` : duration(window.ms)}</dt><dd>ε {epsilon(window.spentEpsilon)} <span class="quiet">of {epsilon(window.limitEpsilon)}</span></dd></div>
        <div><dt>Ever</dt><dd>ε {epsilon(lifetime.spentEpsilon)} <span class="quiet">of {epsilon(lifetime.limitEpsilon)}</span></dd></div>
        <div><dt>Delta</dt><dd>{delta.toExponential(0)}</dd></div>
      </dl>
      <p class="quiet">The ledger is on this device. A report whose price does not fit is never made, whatever a server asks for. The smaller epsilon is, the less anybody can learn about you from everything that was ever published.</p>
    </div>
  );
}
