import { useState } from 'preact/hooks';

import type { Crowd } from '../contract';
import { tell } from '../notice';
import { messageOf } from '../site';
import { percent } from '../words';
import { Chart } from './chart';
import { modelInUse, prolonged } from './model_in_use';
import { Rejections } from './rejections';

/** The same crowd, a tenth of it malicious, before two pairs of servers: with proofs and without. */
export function Attack({ crowd }: { crowd: Crowd }) {
  const [asked, setAsked] = useState(false);
  const { attack } = crowd;
  const [proven, plain] = attack ? [modelInUse(attack.withProofs), modelInUse(attack.withoutProofs)] : [[], []];
  const ended = attack?.phase === 'done' ? Math.max(proven.length, plain.length) : 0;
  const start = async () => {
    setAsked(true);
    try {
      const answer = await fetch('demo/attack', { method: 'POST' });
      if (!answer.ok) throw new Error(`demo/attack: HTTP ${answer.status}`);
    } catch (error) {
      setAsked(false);
      tell(messageOf(error));
    }
  };
  return (
    <section class="panel attack" aria-labelledby="attack-title">
      <h2 id="attack-title" class="section-title">What if some of them lie?</h2>
      {!attack && (
        <>
          <p>Nobody can read a report, so nobody can see a lie in it. A proof of its length, which the servers check without reading anything, is what stops reports above the bound. See what happens with it and without it: two more pairs of servers start, the same crowd and seed feed both, and a tenth of it turns malicious.</p>
          <button type="button" class="button button-strong" disabled={asked} onClick={() => void start()}>{asked ? 'Starting…' : 'Let a tenth of the crowd turn malicious'}</button>
        </>
      )}
      {attack && (
        <>
          <p role="status">{attack.phase === 'failed' ? 'It failed. ' : ''}{attack.detail}</p>
          <Chart label="NDCG after each sum, with proofs and without; a tenth of the crowd is malicious" curves={[
            { name: 'With proofs (PINE)', colour: '--accent', values: prolonged(proven, ended) },
            { name: 'Plain sums', colour: '--other', values: prolonged(plain, ended) },
          ]} />
          <div class="two-columns">
            <div><h3>With proofs, {percent(attack.share)} malicious</h3><Rejections course={attack.withProofs} /></div>
            <div><h3>Plain sums, {percent(attack.share)} malicious</h3><Rejections course={attack.withoutProofs} /></div>
          </div>
          {attack.phase !== 'starting' && <p class="quiet">The curves show the model that each site serves; a sum that its leader refuses leaves the one before. Proofs stop reports that are longer than the bound. A liar within the bound is not found: its effect is bounded, not zero.</p>}
        </>
      )}
    </section>
  );
}
