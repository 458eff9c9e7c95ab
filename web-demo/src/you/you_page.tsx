import { useLayoutEffect } from 'preact/hooks';

import { profile } from '../read/profile_state';
import { arrive, hrefOf } from '../router';
import { Trouble } from '../shell/trouble';
import { phase, privacy } from '../site';
import { count } from '../words';
import { Hours } from './hours';
import { Interests } from './interests';
import { RecentEvents } from './recent_events';
import { YourData } from './your_data';

export function YouPage() {
  useLayoutEffect(() => arrive({ page: 'you' }), []);
  const known = profile.value;
  const personal = privacy.value?.consent.personalise === true;
  return (
    <>
      <header class="page-head">
        <p class="kicker">On this device only</p>
        <h1 tabIndex={-1}>What this device knows about you</h1>
        <p class="page-lead">{known && known.events > 0
          ? `${count(known.events, 'event')}, none of which has left this device. No server has this page.`
          : 'Nothing so far. No server has this page, and none can make it.'}</p>
      </header>
      <Trouble />
      {phase.value === 'loading' && <div class="skeleton block" aria-busy="true"><i class="line tall" /><i class="line" /><i class="line half" /></div>}
      {phase.value === 'ready' && !personal && (
        <p class="notice">You have not agreed to be remembered, so nothing is recorded. <a href={hrefOf({ page: 'privacy' })}>The switches are under Privacy</a>.</p>
      )}
      {known && known.events > 0 && (
        <div class="two-columns">
          <Interests interests={known.interests} />
          <div>
            <Hours hours={known.hours} />
            <RecentEvents events={known.recent} />
          </div>
        </div>
      )}
      {phase.value === 'ready' && personal && known?.events === 0 && <p class="empty">Read something, and come back. <a href={hrefOf({ page: 'read' })}>The magazine</a></p>}
      {phase.value === 'ready' && personal && <YourData />}
    </>
  );
}
