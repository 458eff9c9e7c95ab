import { useEffect, useLayoutEffect } from 'preact/hooks';

import type { Crowd, DemoConfig, Quality } from '../contract';
import { arrive } from '../router';
import { Trouble } from '../shell/trouble';
import { config } from '../site';
import { clock, epsilon } from '../words';
import { announcements, listen } from './announcements';
import { Attack } from './attack';
import { BatchRing } from './batch_ring';
import { Chart } from './chart';
import { crowd, silentSince, watchCrowd } from './crowd_state';
import { modelInUse, prolonged } from './model_in_use';
import { Rejections } from './rejections';
import { Rounds } from './rounds';

export function CrowdPage() {
  useLayoutEffect(() => arrive({ page: 'crowd' }), []);
  useEffect(watchCrowd, []);
  useEffect(listen, [config.value]);
  const now = crowd.value;
  const given = config.value;
  return (
    <>
      <header class="page-head">
        <p class="kicker">The crowd</p>
        <h1 tabIndex={-1}>Many teach it, none is known</h1>
        <p class="page-lead">{given ? `${given.visitors.toLocaleString('en')} simulated visitors read this ${given.world === 'films' ? 'site' : 'magazine'}, each with a device of its own. Each sends reports that no server can read. What you see is all that anybody gets: sums, and the models made of them.` : 'Simulated visitors, each with a device of its own.'}</p>
      </header>
      <Trouble />
      {silentSince.value !== null && <p class="notice" role="status">The demo’s server has not answered since {clock(silentSince.value)}.{now && ' What you see is what it said last.'}</p>}
      {given && <Facts given={given} now={now} />}
      {now && given ? <Live now={now} given={given} />
        : silentSince.value === null && <div class="skeleton block" aria-busy="true"><i class="line tall" /><i class="line" /><i class="line half" /></div>}
    </>
  );
}

function Facts({ given, now }: { given: DemoConfig; now: Crowd | null }) {
  const spent = now?.course.rounds.at(-1)?.epsilon ?? 0;
  return (
    <dl class="facts">
      <div><dt>Visitors, N</dt><dd>{given.visitors.toLocaleString('en')}</dd></div>
      <div><dt>ε, certified so far</dt><dd>{epsilon(spent)} <span class="quiet">of {epsilon(given.epsilon)}</span></dd><dd class="fact-note">for each device, at a delta of {given.delta.toExponential(0)}</dd></div>
      <div><dt>Window</dt><dd>{Math.round(given.windowMs / 1000)} s</dd><dd class="fact-note"><span class="tag">demo clock</span> seconds where production has days</dd></div>
      <div><dt>Sums released</dt><dd>{now ? now.course.rounds.length - 1 + now.course.refused.length : 0} <span class="quiet">of {given.rounds + 1}</span></dd><dd class="fact-note">{now && !now.running ? 'The budget is spent, and the crowd is at rest' : 'the first counts, the others teach; more the budget does not pay for'}</dd></div>
    </dl>
  );
}

function Live({ now, given }: { now: Crowd; given: DemoConfig }) {
  const { course, popularity, centralised } = now;
  const served = modelInUse(course);
  const level = (quality: Quality | null) => prolonged([quality?.ndcg ?? null], Math.max(2, served.length));
  return (
    <>
      <div class="live">
        <section class="panel" aria-labelledby="batch-title">
          <h2 id="batch-title" class="section-title">Now</h2>
          <BatchRing batch={course.batch} minBatch={given.minBatch} visitors={given.visitors} />
          <Rejections course={course} />
        </section>
        <section class="panel panel-chart" aria-labelledby="quality-title">
          <h2 id="quality-title" class="section-title">How good the shared model is</h2>
          <p class="quiet">NDCG on simulated visitors who took no part in the training, of the model that is served after each sum. Higher is better.</p>
          <Chart label="NDCG of the shared model after each sum, against popularity and centralised training" curves={[
            { name: 'Learned from reports', colour: '--accent', values: served },
            { name: 'Popularity', colour: '--other', dashed: true, values: level(popularity) },
            { name: 'Centralised, no privacy', colour: '--third', dashed: true, values: level(centralised) },
          ]} />
        </section>
      </div>
      <div class="live live-even">
        <section class="panel" aria-labelledby="heard-title">
          <h2 id="heard-title" class="section-title">From the leader, live</h2>
          {announcements.value.length === 0 ? <p class="empty-small">Nothing yet.</p>
            : <ol class="events" aria-live="off">{announcements.value.map(({ at, text }) => <li key={`${at} ${text}`}><time>{new Date(at).toLocaleTimeString('en-GB')}</time><span>{text}</span></li>)}</ol>}
        </section>
        <section class="panel" aria-labelledby="rounds-title">
          <h2 id="rounds-title" class="section-title">Models</h2>
          <Rounds course={course} />
          {course.refused.map(({ at, reason }) => <p class="quiet refused" key={at}>At {clock(at)} a sum became no model: {reason}.</p>)}
        </section>
      </div>
      <Attack crowd={now} />
    </>
  );
}
