import { useEffect, useMemo, useState } from 'preact/hooks';
import type { ContributionPreview } from 'sotto';

import { changed, messageOf, phase, privacy, sotto } from '../site';
import { epsilon, size } from '../words';
import { Strip, beginningOf, bytesAsPixels, entropyOf, integersAsPixels, mostShown } from './strip';

const retryMs = 3000;

/** What a report of now would hold, and what each server would see of it. */
export function YourUpdate() {
  const [preview, setPreview] = useState<ContributionPreview | null>(null);
  const [why, setWhy] = useState('');
  const personal = privacy.value?.consent.personalise === true;
  useEffect(() => {
    if (phase.value !== 'ready' || !personal) {
      setPreview(null);
      return;
    }
    const left = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = () => sotto.value?.previewContribution({ signal: left.signal }).then((answer) => {
      setPreview(answer);
      setWhy('');
    }, (error: unknown) => {
      if (left.signal.aborted) return;
      setWhy(messageOf(error));
      timer = setTimeout(() => void ask(), retryMs);
    });
    void ask();
    return () => {
      left.abort();
      clearTimeout(timer);
    };
  }, [phase.value, personal, changed.value.reason === 'forget']);
  return (
    <section class="panel" aria-labelledby="update-heading">
      <h2 id="update-heading" class="section-title">Your update <span class="tag">on this device only</span></h2>
      {!personal && <p class="empty-small">With personal recommendations on, you see here what a report would hold, and what the servers would see of it. It is computed for your eyes and never sent.</p>}
      {personal && !preview && (
        <p class="empty-small" role="status">{why === '' ? 'Computing…' : `Nothing to show just now: ${why}. It needs an open task; this page asks again every few seconds.`}</p>
      )}
      {personal && preview && <Steps preview={preview} />}
    </section>
  );
}

function Steps({ preview }: { preview: ContributionPreview }) {
  const { computed, noised, leaderShare, helperShare, noiseBy, minBatch, clipped } = preview;
  const { from, ...pixels } = useMemo(() => {
    const from = beginningOf(computed);
    return {
      from, computed: integersAsPixels(computed).subarray(from), noised: integersAsPixels(noised).subarray(from),
      leader: bytesAsPixels(leaderShare), helper: bytesAsPixels(helperShare),
    };
  }, [preview]);
  const used = computed.reduce((n, value) => n + (value === 0 ? 0 : 1), 0);
  const noiseHere = noiseBy === 'servers+device';
  const servers = noiseBy === 'leader' ? 'the leader adds noise' : 'each server adds noise of its own';
  return (
    <>
      <p>
        Computed for you just now from what you read, for the open task {preview.task.slice(0, 8)}. A pixel is a number. It would cost ε {epsilon(preview.epsilon)}; nothing here is sent.
      </p>
      <ol class="strips">
        <li>
          <h3>As computed</h3>
          <Strip values={pixels.computed} label="Your update: it has structure" />
          <p>{computed.length.toLocaleString('en')} whole numbers, {used === 0 ? 'all of them zero: nothing that you have read is among the articles that this task asks about. Such a report looks like every other, and costs nothing.'
            : `${used.toLocaleString('en')} of them not zero. ${clipped ? 'It was longer than the bound, so it was shortened.' : 'It keeps the bound that every update has to keep.'} It shows what you like: nobody gets this.`}</p>
        </li>
        <li>
          <h3>With noise</h3>
          <Strip values={pixels.noised} label={noiseHere ? 'Your update with noise' : 'The same again: this task asks devices for no noise'} />
          <p>{noiseHere ? 'With this device’s part of the noise; the servers add theirs to the sum.'
            : `The same: in this task ${servers}, to the sum of at least ${minBatch} reports and before anybody can see it. Until then the split protects you.`}</p>
        </li>
        <li>
          <h3>What the leader gets</h3>
          <Strip values={pixels.leader} label="The leader’s share: looks like randomness" />
          <ShareWords bytes={leaderShare} />
        </li>
        <li>
          <h3>What the helper gets</h3>
          <Strip values={pixels.helper} label="The helper’s share: looks like randomness" />
          <ShareWords bytes={helperShare} />
        </li>
      </ol>
      <p class="quiet">Strips show at most {mostShown.toLocaleString('en')} numbers or bytes{from > 0 && `, of your update those from number ${(from + 1).toLocaleString('en')} on; all before are zero`}. Each share alone is random: it would look like this whatever you had read. Only both together are your update, so nobody has it unless the two servers work together.</p>
    </>
  );
}

function ShareWords({ bytes }: { bytes: Uint8Array }) {
  if (bytes.length < 1024)
    return <p>{size(bytes.length)}: a random seed, which the server expands to its share. It says nothing of what you read.</p>;
  return <p>{size(bytes.length)}. Measured: {entropyOf(bytes).toLocaleString('en', { maximumFractionDigits: 3 })} bits of surprise in each byte, of 8 possible.</p>;
}
